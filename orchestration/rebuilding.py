"""Everything above raw, anew: what was built is taken away, so that the next night builds all of it."""

from orchestration.night_run import only_night
from settings.home import Home
from settings.identity import Identity, remember


def forget_what_was_built(home: Home) -> None:
    """Remove the warehouse, and take the home for whose the environment and the registry say it is.

    Raises ValueError while a night runs on it.
    """
    with only_night(home):
        # First: a home that is killed here is asked the same again.
        for file in (home.warehouse, home.warehouse.with_name(f"{home.warehouse.name}.wal")):
            file.unlink(missing_ok=True)
        remember(home, Identity.present())
