"""Proposals written into the registry's files: new entries at the end, every line that is there left as it is."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from connectors.errors import InvalidRegistry
from connectors.registry.files import load_registry
from connectors.storage import write_text
from settings.shown_text import plain

_PLAIN = re.compile(r"[^\W\d_][\w .@/()+-]*[\w)]|[^\W\d_]")


@dataclass(frozen=True)
class Proposal:
    """An entry, or a comment, for the list of a file. `names`: what it is about; a file that speaks of all of them has it.

    `lines`: of YAML without the list's own indentation; an entry begins with `- `, a comment with `# `.
    `under`: the id of an entry of which nothing but `- id: ...` is there yet, which the lines go on with.
    """

    file: str
    names: tuple[str, ...]
    lines: tuple[str, ...]
    entry_id: str = ""
    under: str = ""


def scalar(text: str) -> str:
    """A text as YAML within a flow: plain where that is read as the same text, else in quotes."""
    if _PLAIN.fullmatch(text) and yaml.safe_load(text) == text:
        return text
    # What would steer a line is written by its number.
    return "".join(
        each if plain(each) == each else f"\\U{ord(each):08x}"
        for each in json.dumps(text, ensure_ascii=False)
    )


def new_among(proposals: Iterable[Proposal], folder: Path) -> list[Proposal]:
    """Those of which the files do not speak yet, neither in an entry nor, in backticks, in a comment."""
    known: dict[str, set[str]] = {}
    found = []
    for each in proposals:
        if each.file not in known:
            known[each.file] = set(_spoken_of(folder / f"{each.file}.yml"))
        if not {_key(name) for name in each.names} <= known[each.file]:
            found.append(each)
    return found


def write(proposals: Sequence[Proposal], folder: Path, headers: dict[str, str]) -> list[Path]:
    """Append the proposals to their files; the files written. `headers`: comments at the top of a file that is made.

    Raises ValueError, and leaves the files as they were, where the registry would not hold with them.
    """
    files = {file: [each for each in proposals if each.file == file] for file in dict.fromkeys(each.file for each in proposals)}  # fmt: skip
    before: dict[Path, str | None] = {}
    for file, of_file in files.items():
        path = folder / f"{file}.yml"
        before[path] = path.read_bytes().decode() if path.exists() else None
        write_text(path, appended(before[path] or headers.get(file, ""), file, of_file))
    try:
        load_registry(folder)
    except InvalidRegistry as error:
        for path, text in before.items():
            if text is None:
                path.unlink()
            else:
                write_text(path, text)
        raise ValueError(
            f"What was found would make the registry wrong, and was not written: {error}"
        ) from None
    return list(before)


def appended(text: str, name: str, proposals: Sequence[Proposal]) -> str:
    """A file's text with more lines at its end, which is that of its one list; the line ends are the file's."""
    end = "\r\n" if "\r\n" in text else "\n"
    text = re.sub(rf"(?m)^{name}\s*:\s*\[\s*\]", f"{name}:", text, count=1).rstrip("\r\n")
    if not re.search(rf"(?m)^{name}\s*:", text):
        text += f"{end if text else ''}{name}:"
    _, _, held = re.split(rf"(?m)^({name}\s*:)", text, maxsplit=1)
    items = re.search(r"(?m)^(?P<indentation>[ \t]*)- ", held)
    indentation = items["indentation"] if items else "  "
    lines = []
    for each in proposals:
        # A name that a tool's user gave must not end its comment's line and go on as an entry.
        written = [plain(line) for line in each.lines]
        begun = rf"(?m)^[ \t]*- id: {re.escape(each.under)}[ \t]*(?=\r?$)"
        if not each.under:
            lines += [f"{indentation}{line}" for line in written]
        elif found := re.search(begun, text):
            text = (
                end.join([text[: found.end()], *(f"{indentation}  {line}" for line in written)])
                + text[found.end() :]
            )
        else:
            lines += [f"{indentation}# `{each.under}`: {line.removeprefix('# ')}" for line in written]
    return end.join([text, *lines, ""])


def _spoken_of(path: Path) -> Iterator[str]:
    if not path.exists():
        return
    text = path.read_text(encoding="utf-8")
    for line in text.splitlines():
        if line.lstrip().startswith("#"):
            yield from (_key(name) for name in re.findall("`([^`]+)`", line))
    yield from (_key(each) for each in _scalars(yaml.safe_load(text)))


def _scalars(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for each in value.values():
            yield from _scalars(each)
    elif isinstance(value, list):
        for each in value:
            yield from _scalars(each)
    elif value is not None:
        yield str(value)


def _key(name: str) -> str:
    return name.strip().casefold()
