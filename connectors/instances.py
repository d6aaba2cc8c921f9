"""The sources of this organisation: one of each vendor, the instances that its sources.yml declares, and its registry."""

import os
from collections.abc import Mapping
from pathlib import Path

from connectors import SOURCES, VENDORS, connector_class, vendor_of
from connectors.errors import InvalidRegistry
from connectors.nearest import meant
from connectors.settings import address_variable, prefix
from connectors.storage import FileDamaged, FileLocked, open_duckdb


def _declared(env: Mapping[str, str]) -> dict[str, list[str]]:
    """As the registry has them; none while it is missing or wrong, which whoever needs it says."""
    from connectors.registry.files import load_registry, registry_dir

    try:
        return load_registry(registry_dir(env)).instances()
    except InvalidRegistry:
        return {}


def sources_of(env: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Every source, on or off, by name."""
    return tuple(sorted([*SOURCES, *(name for names in _declared(env).values() for name in names)]))


def vendors_of(env: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """The sources that are on when their variables are set, by name: all but the registry."""
    return tuple(each for each in sources_of(env) if each != "registry")


def instances_of(vendor: str, env: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """The sources that are read into the staging of a vendor: the one named like it first."""
    return (vendor, *_declared(env).get(vendor, ()))


def held_sources(home: Path, env: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """The sources, and those instances that are declared no more but of which a home holds a raw file."""
    held = {file.stem for file in (home / "raw").glob("*.duckdb") if vendor_of(file.stem)}
    return tuple(sorted({*sources_of(env), *held}))


def left_out_sources(home: Path, env: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Instances of which a home holds records and that are declared no more, so that no number has them: what to do, by name."""
    known = {*sources_of(env)}
    return {
        source: (
            f"raw/{source}.duckdb holds records of {source}, which sources.yml does not declare any more: they are in no number. "
            f"{_declaring(source)} Without its variables it is read no more, and its records stay in. Or delete that file."
        )
        for source in held_sources(home, env)
        if source not in known and _holds_records(home / "raw" / f"{source}.duckdb")
    }


def _holds_records(file: Path) -> bool:
    """A file is made with empty tables. One that cannot be looked at is told of elsewhere."""
    try:
        with open_duckdb(file, read_only=True) as connection:
            rows = connection.execute(
                "select 1 from duckdb_tables() where not starts_with(table_name, '_') and estimated_size > 0 limit 1"
            ).fetchall()
    except (FileLocked, FileDamaged):
        return False
    return bool(rows)


def undeclared_sources(env: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What has an address in the environment and would be an instance, but that nobody declares: why it is not read, by name."""
    known = {
        name for source in vendors_of(env) for name in connector_class(source).Settings.variables(source)
    }
    found = {}
    for vendor in VENDORS:
        own = address_variable(vendor, connector_class(vendor).Settings)
        before, after = prefix(vendor), own.removeprefix(prefix(vendor))
        for variable in sorted(env.keys() - known):
            source = variable.removeprefix("POPS_").removesuffix(f"_{after}").lower()
            if variable.startswith(before) and variable.endswith(f"_{after}") and vendor_of(source) == vendor:
                found[source] = f"{variable} is set, but no source is called {source}. {_declaring(source)}"
    return found


def _declaring(source: str) -> str:
    return f"Declare it in the registry's sources.yml: `- id: {source}`."


def instance_and_id(vendor: str, qualified: str) -> tuple[str, str]:
    """The source and the vendor's own id of an id as staging writes it: `jira_eu:10021` is 10021 of jira_eu, 10021 of jira."""
    prefix, colon, rest = qualified.partition(":")
    is_instance = colon and prefix != vendor and vendor_of(prefix) == vendor
    return (prefix, rest) if is_instance else (vendor, qualified)


def unknown_source(source: str, env: Mapping[str, str] = os.environ) -> ValueError:
    """Why a source cannot be asked for, with what to do."""
    vendor = vendor_of(source)
    hint = meant(source, vendors_of(env)) if vendor is None else ""
    declare = f" {_declaring(source)}" if vendor in VENDORS else ""
    return ValueError(
        f"There is no source {source!r}: choose one of {', '.join(vendors_of(env))}.{declare}{hint}"
    )
