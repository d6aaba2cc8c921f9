"""Whether the published mart is of last night, as a check that grows old by itself: no run is needed to turn it red."""

from datetime import UTC, datetime

import dagster as dg

from orchestration.check_words import CheckWords, as_event
from orchestration.health import Health, health
from orchestration.keys import DATA_AGE, PUBLISHED_MART
from settings.home import Home
from settings.owners import PLATFORM, owner_of


def _words() -> CheckWords:
    return CheckWords(
        "The published mart is of last night: what `pops health` says of it. Whether a run was green says nothing of that.",
        owner_of(PLATFORM),
        "Read `observed` in the failed evaluation. Where no night came, see whether the schedule `nightly` is on and the daemon "
        "running; where one was withheld, follow the failed checks of its run.",
        # What is published stays so, however old it grows.
        False,
        "Readers see a sound mart of an earlier day.",
    )


def evaluated(found: Health) -> dg.AssetCheckResult:
    """The check's result of what `pops health` found."""
    which = "" if found.as_of is None else f" as of {found.as_of}, of the night at {found.published_at}"
    observed = " ".join([f"{found.state}:{which or ' no mart'}.", *found.reasons])
    return _words().result(
        DATA_AGE, PUBLISHED_MART, found.state in ("ok", "full"), observed, {"state": found.state}
    )


def build_age_check() -> dg.AssetChecksDefinition:
    """The check, asked for by hand in the UI; else the sensor tells it."""
    words = _words()

    @dg.asset_check(
        asset=PUBLISHED_MART, name=DATA_AGE, description=words.description, metadata=words.metadata
    )
    def data_is_of_last_night() -> dg.AssetCheckResult:
        return evaluated(_now())

    return data_is_of_last_night


@dg.sensor(
    name="mart_age",
    minimum_interval_seconds=900,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Says on the published mart whether its data are of last night, whenever that changes.",
)
def mart_age(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """It starts no run: it only tells the check's result."""
    found = _now()
    seen = f"{found.state} {found.published_at}"
    if seen == context.cursor:
        return dg.SkipReason(f"As before: {seen}.")
    return dg.SensorResult(asset_events=[as_event(evaluated(found))], cursor=seen)


def _now() -> Health:
    return health(Home.from_environment(), datetime.now(UTC))
