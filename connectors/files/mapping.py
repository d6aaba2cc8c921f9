"""A mapping: which files hold which entity, how they are written, and which of their columns is which of ours."""

import codecs
from collections.abc import Mapping as Dict
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal

import duckdb
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from connectors.errors import InvalidMapping
from connectors.files.entities import ENTITIES, Column, Entity
from connectors.storage import open_duckdb
from connectors.yaml_file import Place, keys_at, line_of, parse_yaml, sentence_of
from connectors.zones import known_zone

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Format = Literal["csv", "jsonl", "parquet"]
SUFFIXES: dict[str, Format] = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet",
}  # fmt: skip
# Ways to write a time that are no pattern of strptime.
NAMED_FORMATS = ("iso", "epoch_seconds", "epoch_milliseconds")
MOST_PROBLEMS = 8


class Rule(BaseModel):
    """Where a conformed column comes from: a `column` of the file, or a `constant`.

    `format`: `iso` (default), `epoch_seconds`, `epoch_milliseconds` or a pattern such as `%d.%m.%Y %H:%M`.
    `values`: from the file's values to ours; a value that is not listed makes the row bad.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    column: Text | None = None
    constant: Annotated[Text, BeforeValidator(lambda value: _scalar(value))] | None = None
    format: Text = "iso"
    values: dict[
        Annotated[str, BeforeValidator(lambda value: _scalar(value))],
        Annotated[Text, BeforeValidator(lambda value: _scalar(value))],
    ] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _comes_from_one_place(self) -> "Rule":
        if (self.column is None) == (self.constant is None):
            raise ValueError("give either `column`, the name in the file, or `constant`")
        if self.format not in NAMED_FORMATS and "%" not in self.format:
            raise ValueError(f"`format` is {', '.join(NAMED_FORMATS)} or a pattern such as %d.%m.%Y")
        if self.format not in NAMED_FORMATS and not _is_time_pattern(self.format):
            raise ValueError("`format` has a % that stands for no part of a time")
        return self


def _is_time_pattern(pattern: str) -> bool:
    with open_duckdb() as connection:
        try:
            connection.execute("select try_strptime('', ?)", [pattern])
        # DuckDB quotes half a character.
        except (duckdb.Error, UnicodeDecodeError):
            return False
    return True


def _scalar(value: Any) -> Any:
    """YAML reads `yes` as a truth and 1 as a number: both are texts in a file."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


def _rule(value: Any) -> Any:
    return {"column": value} if isinstance(value, str) else value


class Mapping(BaseModel):
    """One mapping file. `files`: a pattern below the folder (`*` within a folder, `**` across folders)."""

    # A default means what the same value means when it is written out.
    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)
    id: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
    entity: Literal["survey_responses", "feedback", "meetings", "tool_activity"]
    files: Text
    format: Format | None = None
    delimiter: Annotated[str, StringConstraints(min_length=1, max_length=1)] = ","
    encoding: Text = "utf-8"
    decimal: Literal[".", ","] = "."
    time_zone: Annotated[Text, AfterValidator(known_zone)] = "UTC"
    columns: Dict[str, Annotated[Rule, BeforeValidator(_rule)]]
    key: list[Text] = Field(default_factory=list)

    @field_validator("encoding")
    @classmethod
    def _is_an_encoding(cls, name: str) -> str:
        try:
            bytes(4).decode(name)
        except (LookupError, ValueError):
            raise ValueError(f"`{name}` is no encoding of text; write one such as utf-8 or cp1252") from None
        return "utf-8-sig" if codecs.lookup(name).name == "utf-8" else name

    @field_validator("files")
    @classmethod
    def _lies_below_the_folder(cls, pattern: str) -> str:
        if pattern.startswith("/") or ".." in pattern.split("/"):
            raise ValueError("the pattern leads out of the folder; write one such as surveys/*.csv")
        return pattern

    @property
    def conformed(self) -> Entity:
        return ENTITIES[self.entity]

    @property
    def row_key(self) -> tuple[str, ...]:
        """The conformed columns that tell a file's rows apart."""
        id_column = self.conformed.id_column
        if id_column in self.columns:
            return (str(id_column),)
        return tuple(self.key) or tuple(name for name in self.conformed.key if name in self.columns)

    def mapped(self) -> list[tuple[Column, Rule]]:
        """The columns that are filled, in the entity's order."""
        return [
            (each, self.columns[each.name]) for each in self.conformed.columns if each.name in self.columns
        ]

    def matches(self, path: str) -> bool:
        """Whether a path below the folder is one of the files."""
        names = path.split("/")
        # How many of the names may be spoken for by the pattern so far: no pattern makes it try a path twice.
        spoken_for = {0}
        for part in self.files.split("/"):
            if part == "**":
                spoken_for = set(range(min(spoken_for), len(names) + 1))
            else:
                spoken_for = {
                    count + 1
                    for count in spoken_for
                    if count < len(names) and fnmatchcase(names[count], part)
                }
            if not spoken_for:
                return False
        return len(names) in spoken_for

    def format_of(self, path: str) -> Format | None:
        """How a file is written; None when neither the mapping nor the file's name tells."""
        name = path.lower().removesuffix(".gz")
        return self.format or next((kind for suffix, kind in SUFFIXES.items() if name.endswith(suffix)), None)

    def problems(self) -> list[tuple[Place, str]]:
        """What the entity forbids: (place, sentence)."""
        entity = self.conformed
        found: list[tuple[Place, str]] = []
        for name, rule in self.columns.items():
            column = entity.column(name)
            place = ("columns", name)
            if column is None:
                known = ", ".join(each.name for each in entity.columns)
                found.append((place, f"`{name}` is no column of {entity.name}, which has {known}."))
            elif rule.constant is not None and column.kind != "text":
                found.append((place, f"`{name}` is no text: a constant cannot stand for it."))
            elif column.values and not _targets(rule) <= set(column.values):
                found.append((place, f"`{name}` may be {', '.join(column.values)}: map with `values`."))
        missing = [each.name for each in entity.columns if each.required and each.name not in self.columns]
        if missing:
            found.append((("columns",), f"{entity.name} needs {', '.join(f'`{name}`' for name in missing)}."))
        if entity.one_of and not set(entity.one_of) & self.columns.keys():
            found.append((("columns",), f"{entity.name} needs one of {', '.join(entity.one_of)}."))
        unmapped = [name for name in self.key if name not in self.columns]
        if unmapped:
            found.append((("key",), f"The key names `{unmapped[0]}`, which `columns` does not map."))
        if self.key and (entity.id_column is None or entity.id_column in self.columns):
            known = entity.id_column or ", ".join(entity.key)
            found.append((("key",), f"The key is {known}: take `key` out."))
        elif not self.row_key:
            found.append(
                (("columns",), f"Map `{entity.id_column}`, or name columns that make a row's `key`.")
            )
        return found


def _targets(rule: Rule) -> set[str]:
    return set(rule.values.values()) | ({rule.constant} if rule.constant and not rule.values else set())


def read_mapping(name: str, text: str) -> Mapping:
    """The mapping in a file's text. Raises InvalidMapping naming file and line of what is wrong."""
    content, lines = parse_yaml(text, name, InvalidMapping)
    if not isinstance(content, dict):
        raise InvalidMapping("A mapping has `id`, `entity`, `files` and `columns`.", place=f"{name}:1")
    problems: list[tuple[Place, str]]
    try:
        mapping = Mapping.model_validate(content)
    except ValidationError as error:
        problems = [
            (
                each["loc"],
                sentence_of(
                    (name, *each["loc"]),
                    each["msg"],
                    each["type"],
                    each.get("ctx") or {},
                    keys_at(Mapping, each["loc"][:-1]),
                ),
            )
            for each in error.errors(include_url=False, include_input=False)
        ]
    else:
        problems = mapping.problems()
        if not problems:
            return mapping
    told = [f"{name}:{line_of(lines, place)}: {what}" for place, what in problems[:MOST_PROBLEMS]]
    first_place, _, first = told[0].partition(": ")
    more = f" And {len(problems) - 1} more: {' '.join(told[1:])}" if len(problems) > 1 else ""
    raise InvalidMapping(first + more, place=first_place)
