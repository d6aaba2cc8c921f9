"""A home in which vendors are there twice: under their own name, and as a further instance with the very same records."""

from pathlib import Path
from typing import Any

import duckdb
import yaml

from connectors import VENDORS, connector_class
from sandbox.serving.environment import REGISTRY

# Files have one folder.
TWICE = tuple(vendor for vendor in VENDORS if vendor != "files")


def second_of(vendor: str) -> str:
    return f"{vendor}_two"


def registry_of_twins(folder: Path, **other_names: dict[str, Any]) -> Path:
    """The demo company's registry, which declares a second instance of every vendor: with the names of the first, or with
    others, by vendor. What belongs to the first there, belongs to the second too."""
    folder.mkdir(parents=True)
    for file in REGISTRY.glob("*.yml"):
        entries = yaml.safe_load(file.read_text())
        if file.stem == "sources":
            given = {each["id"]: each for each in entries["sources"]}
            entries["sources"] += [
                {**given.get(vendor, {}), **other_names.get(vendor, {}), "id": second_of(vendor)}
                for vendor in TWICE
            ]
        for team in entries.get("teams", ()):
            for key, vendor in (("jira_projects", "jira"), ("repositories", "github")):
                team[key] = team.get(key, []) + [f"{second_of(vendor)}:{each}" for each in team.get(key, [])]
        if file.stem == "surveys":
            entries["surveys"] += [
                {**each, "id": f"{each['id']}-two", "form": f"typeform_two:{each['form']}"}
                for each in entries["surveys"]
                if each["tool"] == "typeform"
            ]
        for feature in entries.get("features", ()):
            feature["epics"] = feature.get("epics", []) + [
                f"jira_two:{each}" for each in feature.get("epics", [])
            ]
        (folder / file.name).write_text(yaml.safe_dump(entries, allow_unicode=True, sort_keys=False))
    return folder


def double(home: Path, vendor: str) -> None:
    """Put what raw holds of a vendor into the raw file of its second instance, which is there and empty."""
    second = second_of(vendor)
    with duckdb.connect(str(home / "raw" / f"{second}.duckdb")) as connection:
        connection.execute(f"attach '{home}/raw/{vendor}.duckdb' as first (read_only)")
        tables = [each.name for each in connector_class(vendor).streams]
        for table in (*tables, "_pops_loads", "_pops_quarantine", "_pops_runs"):
            connection.execute(
                f"insert into raw_{second}.{table} by name select * from first.raw_{vendor}.{table}"
            )
