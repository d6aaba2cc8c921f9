"""The registry's files: where they lie, what the platform has itself, and what is wrong with them.

The platform's own entries (`defaults/`) hold unless the organisation's file has one with the same id; of the files in `WHOLE` they
hold only where the organisation has none.
"""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from connectors.company import registry_dir as registry_dir
from connectors.errors import InvalidRegistry
from connectors.redaction import redact
from connectors.registry.north_star import NORTH_STAR
from connectors.registry.problems import problems_of
from connectors.registry.schema import Organisation, Registry
from connectors.registry.stages import STAGES_WITHOUT_STATUS
from connectors.yaml_file import Lines, Place, line_of, parse_yaml, text_in

FILES = tuple(Registry.model_fields)
DEFAULTS = Path(__file__).parent / "defaults"
# Their entries stand in an order, and no word may stand in two of them: no entry can be added to them or taken out.
WHOLE = ("stages", "roadmap_statuses")
_MAKE_ONE = "Set POPS_REGISTRY_DIR to the folder of your organisation's registry; `pops init DIR` makes one."
# So many problems are told in one message.
MOST_PROBLEMS = 8


@dataclass(frozen=True)
class Written:
    """An entry, and where it stands: its file, the lines of that file, its position in it."""

    entry: Any
    file: str
    lines: Lines
    position: int
    is_default: bool = False

    def place(self, name: str, inner: Place = ()) -> str:
        """File and line of the entry, or of what stands in it at a path, in the list `name`."""
        return f"{self.file}:{line_of(self.lines, (name, self.position, *inner))}"


def load_registry(folder: Path) -> Registry:
    """The registry, validated. Raises InvalidRegistry naming file and line of what is wrong."""
    return _validated(folder)[0]


def load_organisation(folder: Path) -> Organisation:
    """The organisation: name, time zone, first day of the week, currency, brackets of retention. Raises InvalidRegistry."""
    return load_registry(folder).organisation[0]


def effective_entries(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """By file, the organisation's entries and the platform's, as written. Raises InvalidRegistry."""
    return _validated(folder)[1]


def own_entries(folder: Path) -> dict[str, list[Written]]:
    """By file, what the organisation's own files say, with its places. Raises InvalidRegistry for a file that is no list."""
    files = {path.stem: path for path in [*folder.glob("*.yml"), *folder.glob("*.yaml")]}
    return {name: _entries_of(name, files[name]) for name in FILES if name in files}


def readable_entries(folder: Path) -> dict[str, list[Written]]:
    """As `own_entries`, without the files that cannot be read; an entry may be wrong."""
    files = {path.stem: path for path in [*folder.glob("*.yml"), *folder.glob("*.yaml")]}
    found = {}
    for name in FILES:
        if name in files:
            with contextlib.suppress(InvalidRegistry):
                found[name] = [
                    each for each in _entries_of(name, files[name]) if isinstance(each.entry, dict)
                ]
    return found


def _validated(folder: Path) -> tuple[Registry, dict[str, list[dict[str, Any]]]]:
    """The registry, and its entries as written. A night asks many times: what has not changed is not read again."""
    if not folder.is_dir():
        raise InvalidRegistry("There is no registry.", remedy=_MAKE_ONE, place=str(folder))
    paths = sorted([*folder.glob("*.yml"), *folder.glob("*.yaml")])
    return _read(folder, tuple((path, *_state(path)) for path in paths))


def _state(path: Path) -> tuple[int, int]:
    """When a file was changed, in nanoseconds, and its size; nothing of one that cannot be looked at."""
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size


@lru_cache(maxsize=2)
def _read(
    folder: Path, states: tuple[tuple[Path, int, int], ...]
) -> tuple[Registry, dict[str, list[dict[str, Any]]]]:
    """`states`: each file with its state, by which what was read of it is known again."""
    files = {path.stem: path for path, *_ in states}
    told = [
        f"{files[name].name}: The registry knows no {name}: its files are {', '.join(FILES)}."
        for name in sorted(files.keys() - set(FILES))
    ]
    told += [
        f"{path.name}: {files[path.stem].name} says the same: keep one of them."
        for path, *_ in states
        if files[path.stem] != path
    ]
    written: dict[str, list[Written]] = {}
    unread: set[str] = set()
    for name in FILES:
        own: list[Written] = []
        if name in files:
            try:
                own = _entries_of(name, files[name])
            except InvalidRegistry as error:
                told.append(f"{error.place}: {error.what}")
                unread.add(name)
        elif Registry.model_fields[name].is_required():
            told.append(f"{folder / name}.yml: The file is missing. {_MAKE_ONE}")
            unread.add(name)
        defaults = () if name in files and name in WHOLE else _defaults(name)
        stages = {_id(each.entry): each for each in written.get("stages", [])}
        has_north_star = bool(written.get(NORTH_STAR))
        fitting = [each for each in defaults if _fits(name, each.entry, stages, has_north_star)]
        written[name] = _merged(fitting, own)
    entries = {name: [each.entry for each in found] for name, found in written.items()}
    registry, problems = problems_of(entries, unread)
    told += dict.fromkeys(f"{_place(written[name], name, place)}: {what}" for name, place, what in problems)
    if registry is None or told:
        raise _refused(told)
    return registry, entries


def _refused(told: list[str]) -> InvalidRegistry:
    """All that is wrong, each with its file and line; the message has the first of it."""
    place, _, first = told[0].partition(": ")
    more = f" And {len(told) - 1} more: {' '.join(told[1:MOST_PROBLEMS])}" if len(told) > 1 else ""
    error = InvalidRegistry(first + more, place=place)
    error.problems = tuple(redact(each) for each in told)
    return error


def _entries_of(name: str, path: Path) -> list[Written]:
    content, lines = parse_yaml(text_in(path, InvalidRegistry), path.name, InvalidRegistry)
    # A list whose every line is a comment is empty.
    if isinstance(content, dict) and list(content) == [name] and content[name] is None:
        return []
    if not isinstance(content, dict) or list(content) != [name] or not isinstance(content[name], list):
        raise InvalidRegistry(f"The file holds one list, named `{name}`.", place=f"{path.name}:1")
    return [Written(entry, path.name, lines, number) for number, entry in enumerate(content[name])]


@lru_cache(maxsize=len(FILES))
def _defaults(name: str) -> tuple[Written, ...]:
    path = DEFAULTS / f"{name}.yml"
    return tuple(replace(each, is_default=True) for each in _entries_of(name, path)) if path.exists() else ()


def _merged(defaults: list[Written], own: list[Written]) -> list[Written]:
    """The platform's entries, each replaced by the organisation's of the same id, then the organisation's others."""
    by_id = {_id(each.entry): each for each in own}
    known = [by_id.pop(_id(each.entry), each) for each in defaults]
    taken = {id(each) for each in known}
    return [*known, *(each for each in own if id(each) not in taken)]


def _id(entry: Any) -> str:
    return str(entry.get("id") if isinstance(entry, dict) else entry).strip().casefold()


def _fits(name: str, entry: dict[str, Any], stages: Mapping[str, Written], has_north_star: bool) -> bool:
    """Whether an entry of the platform has its place: statuses with stages that there are, words with its own stages, and of the
    North Star with one."""
    if name == "glossary" and entry["id"] == NORTH_STAR:
        return has_north_star
    if name == "glossary" and entry["kind"] == "stage":
        is_own = entry["id"] in stages and stages[entry["id"]].is_default
        return is_own or entry["id"] in STAGES_WITHOUT_STATUS
    return name != "roadmap_statuses" or {entry["stage"], *entry["agrees_with"]} <= stages.keys()


def _place(written: list[Written], name: str, place: Place) -> str:
    """File and line of a problem, whose place begins with the position of its entry."""
    if not place or not isinstance(place[0], int) or place[0] >= len(written):
        return f"{name}.yml:1"
    found = written[place[0]]
    return found.place(name, place[1:])
