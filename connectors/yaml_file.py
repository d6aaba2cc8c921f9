"""YAML with the line of every value, and without keys that silently replace each other.

People write it by hand, so it is bounded: what is larger or deeper was not meant, or was meant to hang the reader.
"""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args

import yaml
from pydantic import BaseModel

from connectors.errors import SourceError
from connectors.nearest import meant

Place = tuple[str | int, ...]
Lines = dict[Place, int]

LARGEST_FILE = 2_000_000
_TOO_LARGE = f"The file is larger than {LARGEST_FILE:,} characters."
DEEPEST = 40
# Aliases may repeat a value: it is counted each time.
MOST_VALUES = 100_000
# Large enough for any number that counts something.
LONGEST_NUMBER = 100
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")


class _Loader(yaml.SafeLoader):
    """Refuses what is nested too deep while it is read: the parser behind calls itself for each level."""

    _depth = 0
    # Where a value could not be made of its text, such as no truth of !!bool: such an error does not say so itself.
    unreadable_line = 1

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self._depth > DEEPEST:
            raise yaml.MarkedYAMLError(
                problem=f"nested deeper than {DEEPEST} levels", problem_mark=self.get_mark()
            )
        self._depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1

    def construct_yaml_timestamp(self, node: yaml.ScalarNode) -> Any:
        """A date that there is not, such as 2026-02-30, is a text: who wants a date says so, with the key that has it."""
        try:
            return super().construct_yaml_timestamp(node)
        except ValueError:
            return self.construct_scalar(node)

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except Exception:
            if isinstance(node, yaml.ScalarNode):
                self.unreadable_line = node.start_mark.line + 1
            raise


_Loader.add_constructor("tag:yaml.org,2002:timestamp", _Loader.construct_yaml_timestamp)


def text_in(path: Path, invalid: type[SourceError]) -> str:
    """The text of a file. Raises `invalid` for what is no text, no file (a folder, a pipe that nobody writes to), or too large."""
    try:
        if not path.is_file():
            raise invalid(
                "It is no file.", remedy="Put the file in its place, or take this away.", place=path.name
            )
        # A character takes up to four bytes.
        if path.stat().st_size > 4 * LARGEST_FILE:
            raise invalid(_TOO_LARGE, place=path.name)
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise invalid("The file is not UTF-8.", place=path.name) from None
    except OSError as error:
        raise invalid(f"The file cannot be read: {error.strerror}.", place=path.name) from None


def parse_yaml(text: str, name: str, invalid: type[SourceError]) -> tuple[Any, Lines]:
    """A file's content, and the line of each value by its path of keys and positions.

    Raises `invalid` with `name` and line as its place: for what is no YAML, and for a file of more than `LARGEST_FILE`
    characters, `DEEPEST` levels or `MOST_VALUES` values.
    """
    if len(text) > LARGEST_FILE:
        raise invalid(_TOO_LARGE, place=name)
    lines: Lines = {}
    loader = None
    try:
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            if node is None:
                raise invalid("The file is empty.", place=name)
            _note(node, (), lines, name, invalid)
            return loader.construct_document(node), lines
        finally:
            loader.dispose()
    except SourceError:
        raise
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise invalid(f"Not YAML: {error.problem}.", place=f"{name}:{line}") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise invalid("Not YAML: it holds a character that no text has.", place=f"{name}:{line}") from None
    except Exception as error:  # noqa: BLE001 (a value is made by whatever its tag asks for: dates, numbers, binary)
        told = str(error) if isinstance(error, ValueError) else type(error).__name__
        line = loader.unreadable_line if loader else 1
        raise invalid(f"A value cannot be read: {told}.", place=f"{name}:{line}") from None


def line_of(lines: Lines, place: Place) -> int:
    """The line of a value, or of the nearest thing around it that has one."""
    while place not in lines and place:
        place = place[:-1]
    return lines.get(place, 1)


# What a value must be where it is not; by the kind of pydantic's problem, with the name of the key and its context.
_WORDS = {
    "string_type": "{name} is a text: put it into quotes",
    "string_too_short": "{name} is empty",
    "string_too_long": "{name} has more than {max_length} characters",
    "string_pattern_mismatch": "{name} is not written as it has to be ({pattern})",
    "int_type": "{name} is a whole number",
    "int_parsing": "{name} is a whole number",
    "int_from_float": "{name} is a whole number",
    "float_type": "{name} is a number",
    "float_parsing": "{name} is a number",
    "finite_number": "{name} is a number that has an end",
    "bool_type": "{name} is true or false",
    "bool_parsing": "{name} is true or false",
    "list_type": "{name} is a list, such as [one, two]",
    "dict_type": "{name} is keys with values, such as {{key: value}}",
    "model_type": "{name} is keys with values, such as {{key: value}}",
    "model_attributes_type": "{name} is keys with values, such as {{key: value}}",
    "too_short": "{name} needs at least {min_length}",
    "too_long": "{name} has at most {max_length}",
    "greater_than": "{name} is more than {gt}",
    "greater_than_equal": "{name} is at least {ge}",
    "less_than": "{name} is less than {lt}",
    "less_than_equal": "{name} is at most {le}",
    "literal_error": "{name} is one of {expected}",
    "date_type": "{name} is a date, such as 2026-12-25",
    "date_parsing": "{name} is a date, such as 2026-12-25",
    "date_from_datetime_parsing": "{name} is a date, such as 2026-12-25",
    "date_from_datetime_inexact": "{name} is a date, such as 2026-12-25",
}
# Names that pydantic gives to the alternatives of a value; no key is told by them.
_ALTERNATIVES = {"str", "bool", "int", "float"}


def sentence_of(
    place: Place,
    message: str,
    kind: str,
    context: Mapping[str, Any] = MappingProxyType({}),
    keys: Collection[str] = (),
) -> str:
    """What pydantic finds wrong at a place of a file's entries, in words that name the key and not its value.

    `place` begins with the name of the file's list; `message`, `kind` and `context` are pydantic's. `keys`: what may stand there.
    """
    names = [str(part) for part in place if isinstance(part, str) and part not in _ALTERNATIVES]
    inside = len(names) > 1
    if place and place[-1] in _ALTERNATIVES:
        return f"`{names[-1]}` is a text, a number, or true or false."
    if kind == "extra_forbidden":
        return f"`{names[-1]}` is no key here.{meant(names[-1], keys)}"
    if kind == "missing":
        return f"`{names[-1]}` is missing."
    if kind in _WORDS:
        told = _WORDS[kind].format(name=f"`{names[-1]}`" if inside else "an entry", **context)
        return f"{told[:1].upper()}{told[1:]}."
    told = message.removeprefix("Value error, ").rstrip(".")
    end = "" if told.endswith("?") else "."
    return f"`{names[-1]}`: {told}{end}" if inside else f"{told[:1].upper()}{told[1:]}{end}"


def keys_at(model: type[BaseModel], place: Place) -> set[str]:
    """The keys that may stand at a place of a model, as pydantic's errors name places; of alternatives, those of all."""
    at = {model}
    for part in place:
        if isinstance(part, str):
            named = {
                inner
                for each in at
                if part in each.model_fields
                for inner in _models_in(each.model_fields[part].annotation)
            }
            # What is no field is the name of an alternative, or a key of a mapping.
            at = named or at
    return {field.alias or name for each in at for name, field in each.model_fields.items()}


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for each in get_args(annotation):
        yield from _models_in(each)


def is_text(value: str) -> bool:
    """Whether it can be written down: half a character, as an escape in quotes makes one, cannot."""
    return not any("\ud800" <= each <= "\udfff" for each in value)


def _note(node: yaml.Node, place: Place, lines: Lines, name: str, invalid: type[SourceError]) -> None:
    where = f"{name}:{node.start_mark.line + 1}"
    if len(place) > DEEPEST:
        raise invalid(f"Nested deeper than {DEEPEST} levels.", place=where)
    if len(lines) >= MOST_VALUES:
        raise invalid(f"More than {MOST_VALUES:,} values.", place=where)
    lines[place] = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        for position, child in enumerate(node.value):
            _note(child, (*place, position), lines, name, invalid)
    elif isinstance(node, yaml.MappingNode):
        for key, child in node.value:
            key_line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise invalid("A key is a list or a mapping: write a word.", place=f"{name}:{key_line}")
            inner = (*place, str(key.value))
            if inner in lines:
                raise invalid(f"`{key.value}` is given twice.", place=f"{name}:{key_line}")
            _note(child, inner, lines, name, invalid)
            lines[inner] = key_line
    elif node.tag in _NUMBERS and len(node.value) > LONGEST_NUMBER:
        raise invalid(f"A number has more than {LONGEST_NUMBER} digits.", place=where)
    elif isinstance(node, yaml.ScalarNode) and not is_text(node.value):
        raise invalid("A text holds half a character, as `\\ud800` is.", place=where)
