"""What the last published night leaves for engineers: the manifest it was built from, its date, its dbt variables.

With it a changed model can be told from an unchanged one, and be built as of the same date on the same data.
"""

import json
import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from connectors.storage import replaced, write_text
from publication.snapshots import FileState, file_state
from settings.home import Home

_MANIFEST, _FACTS = "manifest.json", "night.json"


@dataclass(frozen=True)
class KeptNight:
    """`folder` holds the manifest. `first_day`: where the history of metrics begins. `variables`: JSON, as given to dbt.

    `warehouse`: size and time of change of the warehouse that was published. Dates are of the reporting time zone.
    """

    folder: Path
    as_of: date
    first_day: date
    variables: str
    warehouse: FileState


def keep_night(home: Home, as_of: date, first_day: date, variables: str) -> None:
    """Keep the manifest of the night that is published now; the one kept before is replaced."""
    folder = _folder(home)
    folder.mkdir(exist_ok=True)
    facts = {
        "as_of": as_of.isoformat(),
        "first_day": first_day.isoformat(),
        "variables": variables,
        "warehouse": file_state(home.warehouse),
    }
    with replaced(folder / _MANIFEST) as unfinished:
        shutil.copyfile(home.dbt_target / _MANIFEST, unfinished)
        write_text(folder / _FACTS, json.dumps(facts))


def kept_night(home: Home) -> KeptNight:
    """What the last published night left. Raises FileNotFoundError when none has been published yet, or what it left is
    damaged."""
    folder = _folder(home)
    if not (folder / _MANIFEST).exists():
        raise FileNotFoundError(
            f"No night is kept in {home.root}: run `pops demo` or `pops nightly` first, or set POPS_HOME to the home "
            "of one. A model is built on the data of the last night."
        )
    try:
        json.loads((folder / _MANIFEST).read_bytes())
        facts = json.loads((folder / _FACTS).read_bytes())
        return KeptNight(
            folder,
            date.fromisoformat(facts["as_of"]),
            date.fromisoformat(facts["first_day"]),
            str(facts["variables"]),
            FileState(*facts["warehouse"]),
        )
    except (OSError, ValueError, LookupError, TypeError):
        raise FileNotFoundError(
            f"What the last night left in {folder} is damaged: the next one that is published writes it anew."
        ) from None


def _folder(home: Home) -> Path:
    return home.root / "last_night"
