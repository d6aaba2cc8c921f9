"""YAML with the line of every value, and without keys that silently replace each other."""

from typing import Any

import yaml

from connectors.errors import SourceError

Place = tuple[str | int, ...]
Lines = dict[Place, int]


def parse_yaml(text: str, name: str, invalid: type[SourceError]) -> tuple[Any, Lines]:
    """A file's content, and the line of each value by its path of keys and positions.

    Raises `invalid` with `name` and line as its place.
    """
    lines: Lines = {}
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            raise invalid("The file is empty.", place=name)
        _note(node, (), lines, name, invalid)
        return loader.construct_document(node), lines
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise invalid(f"Not YAML: {error.problem}.", place=f"{name}:{line}") from None
    except SourceError:
        raise
    except ValueError as error:
        # A date such as 2026-02-30 fails while it is constructed, and does not say where.
        raise invalid(f"A value cannot be read: {error}.", place=name) from None
    finally:
        loader.dispose()


def line_of(lines: Lines, place: Place) -> int:
    """The line of a value, or of the nearest thing around it that has one."""
    while place not in lines and place:
        place = place[:-1]
    return lines.get(place, 1)


def sentence_of(place: Place, message: str, kind: str) -> str:
    """What pydantic finds wrong at a place, in words that name the key and not its value."""
    names = [str(part) for part in place if isinstance(part, str)]
    if kind == "extra_forbidden":
        return f"`{names[-1]}` is no key here."
    if kind == "missing":
        return f"`{names[-1]}` is missing."
    told = message.removeprefix("Value error, ").rstrip(".")
    return f"`{names[-1]}`: {told}." if len(names) > 1 else f"{told[:1].upper()}{told[1:]}."


def _note(node: yaml.Node, place: Place, lines: Lines, name: str, invalid: type[SourceError]) -> None:
    lines[place] = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        for position, child in enumerate(node.value):
            _note(child, (*place, position), lines, name, invalid)
    elif isinstance(node, yaml.MappingNode):
        for key, child in node.value:
            inner = (*place, str(key.value))
            if inner in lines:
                raise invalid(f"`{key.value}` is given twice.", place=f"{name}:{key.start_mark.line + 1}")
            _note(child, inner, lines, name, invalid)
            lines[inner] = key.start_mark.line + 1
