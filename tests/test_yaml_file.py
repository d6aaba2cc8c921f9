"""YAML that people wrote, or that somebody made to hang the reader: content and lines, or one error that names the file."""

import time
from datetime import date
from itertools import pairwise

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.errors import InvalidRegistry
from connectors.yaml_file import parse_yaml


def laughing(levels: int) -> str:
    """Each level repeats the one before twelve times."""
    names = [f"v{level}" for level in range(levels)]
    repeated = [f"{name}: &{name} [{', '.join([f'*{before}'] * 12)}]" for before, name in pairwise(names)]
    return "\n".join([f"{names[0]}: &{names[0]} [x, y]", *repeated])


HOSTILE = {
    "an alias to itself": ("a: &a [*a]", "f.yml:1: Nested deeper than 40 levels"),
    "a merge of itself": ("a: &a {<<: *a}", "f.yml:1: Nested deeper than 40 levels"),
    "deep lists": ("[" * 5000, "f.yml:1: Not YAML: nested deeper than 40 levels"),
    "deep blocks": ("\n".join(" " * depth + "a:" for depth in range(200)), "nested deeper than 40 levels"),
    "deep dashes": ("- " * 500 + "x", "nested deeper than 40 levels"),
    "a billion laughs": (laughing(9), "More than 100,000 values"),
    "an alias as a key": ("? &a [*a]\n: 1", "f.yml:1: A key is a list or a mapping"),
    "laughs in a key": (laughing(3) + "\n? *v2\n: 1", "A key is a list or a mapping"),
    "a NUL byte": ("a: 1\nb: \0", "f.yml:2: Not YAML"),
    "half a character": ("a: \ud800", "f.yml:1: Not YAML"),
    "half a character by its number": ('a: 1\nb: "\\ud800"', "f.yml:2: A text holds half a character"),
    "a number to count with for ever": ("a: 1" + ":59" * 200_000, "f.yml:1: A number has more than 100 digits"),
    "digits": ("a: " + "9" * 6000, "f.yml:1: A number has more than 100 digits"),
    "no timestamp": ("a: 1\nb:\n- {c: !!timestamp soon}", "f.yml:3: A value cannot be read"),
    "no truth": ("a: !!bool perhaps", "f.yml:1: A value cannot be read"),
    "a program": ("a: !!python/object/apply:os.system [x]", "f.yml:1: Not YAML"),
    "a large file": ("# " + "x" * 2_000_000, "f.yml: The file is larger than 2,000,000 characters"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "told"), HOSTILE.values(), ids=HOSTILE.keys())
def test_what_would_hang_or_break_the_reader_is_refused_by_name(text: str, told: str) -> None:
    started = time.monotonic()
    with pytest.raises(InvalidRegistry) as caught:
        parse_yaml(text, "f.yml", InvalidRegistry)
    assert told in str(caught.value)
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("text", ["2026-02-30", "2026-13-03", "2026-01-01T25:00:00Z"])
def test_a_date_that_there_is_not_hides_nothing_else_of_its_file(text: str) -> None:
    content, lines = parse_yaml(f"a: {text}\nb: 2026-02-28", "f.yml", InvalidRegistry)
    assert content == {"a": text, "b": date(2026, 2, 28)}
    assert lines["a",] == 1


def test_an_alias_that_somebody_means_is_read() -> None:
    content, lines = parse_yaml("a: &a [1, 2]\nb: {<<: {x: 1}, y: *a}", "f.yml", InvalidRegistry)
    assert content == {"a": [1, 2], "b": {"x": 1, "y": [1, 2]}}
    assert lines["b", "y"] == 2


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("abc äé:#-'\"{}[]&*!|>%@,", max_size=12) | st.dates(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abcd", min_size=1, max_size=5), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(VALUES)
def test_what_is_written_is_read(value: object) -> None:
    text = yaml.safe_dump(value, allow_unicode=True)
    assert parse_yaml(text, "f.yml", InvalidRegistry)[0] == value


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60) | st.text("a1:-[]{}&*!<?|>'\"#%@,. \n\t\0", max_size=60))
def test_any_text_is_a_value_or_one_error(text: str) -> None:
    try:
        parse_yaml(text, "f.yml", InvalidRegistry)
    except InvalidRegistry as error:
        told = error
    else:
        return
    assert told.place.startswith("f.yml")
