"""What is wrong with the entries of all files, at once: each entry by itself, then the rules between those that are right."""

import re
from collections.abc import Mapping, Set
from typing import Any

from pydantic import ValidationError

from connectors.registry.schema import Registry
from connectors.yaml_file import Place, keys_at, sentence_of

# File, place in its list of entries, what is wrong.
PlacedProblem = tuple[str, Place, str]
# Files of what the glossary explains.
_EXPLAINED = {"features", "funnels", "stages"}
_SOME_ORGANISATION = {"id": "some", "name": "Some", "reporting_time_zone": "UTC", "week_starts_on": "monday"}
# Files whose rules ask for the organisation's currency and days.
_OF_ORGANISATION = {"organisation", "exchange_rates"}


def problems_of(
    entries: Mapping[str, list[Any]], unread: Set[str]
) -> tuple[Registry | None, list[PlacedProblem]]:
    """The registry of some files' entries, or None and what is wrong with them.

    `unread`: files whose entries nobody knows. What names an entry that is wrong itself, or in such a file, is not told.
    """
    found = _wrong_entries(entries, unread)
    wrong = {(name, place[0]) for name, place, _ in found if place}
    kept = {
        name: [number for number in range(len(each)) if (name, number) not in wrong]
        for name, each in entries.items()
    }
    right = {name: [entries[name][number] for number in numbers] for name, numbers in kept.items()}
    # What the others say of each other is the same, whatever is wrong with the organisation.
    if "organisation" in unread or any(name == "organisation" for name, *_ in found):
        right["organisation"] = [_SOME_ORGANISATION]
    registry = Registry.model_validate(right)
    unknown = {_id_of(entries[name][number]) for name, number in wrong if isinstance(number, int)}
    uncertain = unread | {name for name, _ in wrong}
    for name, number, what in registry.problems():
        if name in _OF_ORGANISATION and "organisation" in uncertain:
            continue
        if name == "glossary" and uncertain & _EXPLAINED:
            continue
        names = set(re.findall("`([^`]+)`", what))
        if not names & unknown and not any(f"{each}.yml does not have" in what for each in unread):
            found.append((name, (kept[name][number],), what))
    return (None if found or unread else registry), found


def _wrong_entries(entries: Mapping[str, list[Any]], unread: Set[str]) -> list[PlacedProblem]:
    try:
        Registry.model_validate(dict(entries))
    except ValidationError as error:
        return [
            (
                str(each["loc"][0]),
                _as_written(each["loc"])[1:],
                sentence_of(
                    _as_written(each["loc"]),
                    each["msg"],
                    each["type"],
                    each.get("ctx") or {},
                    keys_at(Registry, each["loc"][:-1]),
                ),
            )
            for each in error.errors(include_url=False, include_input=False)
            if each["loc"][0] not in unread
        ]
    return []


def _as_written(place: Place) -> Place:
    """A place of an entry of sources.yml without the name of its kind, which the file does not say."""
    return (*place[:2], *place[3:]) if place[0] == "sources" else place


def _id_of(entry: Any) -> str:
    return str(entry.get("id")) if isinstance(entry, dict) else str(entry)
