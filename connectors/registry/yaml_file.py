"""YAML with the line of every value, and without keys that silently replace each other."""

from pathlib import Path
from typing import Any

import yaml

from connectors.errors import InvalidRegistry

Place = tuple[str | int, ...]
Lines = dict[Place, int]


def read_yaml(path: Path) -> tuple[Any, Lines]:
    """The file's content, and the line of each value by its path of keys and positions. Raises InvalidRegistry."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InvalidRegistry(
            "The file is missing.",
            remedy="Restore it, or set POPS_REGISTRY_DIR to the registry's folder.",
            place=path.name,
        ) from None
    except UnicodeDecodeError:
        raise InvalidRegistry("The file is not UTF-8.", place=path.name) from None
    lines: Lines = {}
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            raise InvalidRegistry("The file is empty.", place=path.name)
        _note(node, (), lines, path)
        return loader.construct_document(node), lines
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise InvalidRegistry(f"Not YAML: {error.problem}.", place=f"{path.name}:{line}") from None
    except ValueError as error:
        # A date such as 2026-02-30 fails while it is constructed, and does not say where.
        raise InvalidRegistry(f"A value cannot be read: {error}.", place=path.name) from None
    finally:
        loader.dispose()


def line_of(lines: Lines, place: Place) -> int:
    """The line of a value, or of the nearest thing around it that has one."""
    while place not in lines and place:
        place = place[:-1]
    return lines.get(place, 1)


def _note(node: yaml.Node, place: Place, lines: Lines, path: Path) -> None:
    lines[place] = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        for position, child in enumerate(node.value):
            _note(child, (*place, position), lines, path)
    elif isinstance(node, yaml.MappingNode):
        for key, child in node.value:
            inner = (*place, str(key.value))
            if inner in lines:
                raise InvalidRegistry(
                    f"`{key.value}` is given twice.", place=f"{path.name}:{key.start_mark.line + 1}"
                )
            _note(child, inner, lines, path)
            lines[inner] = key.start_mark.line + 1
