"""What a source says of itself, and the lists elsewhere that must name it: each fault comes with the line to write."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors import SOURCES, VENDORS, connector_class
from connectors.contract import Words
from connectors.settings import address_variable, prefix, secret_variables
from pops.sources import described

ROOT = Path(__file__).resolve().parent.parent
MODELS = ROOT / "dbt_project" / "models"
FAMILIES = MODELS / "intermediate" / "quality" / "int_quality__families.sql"
# Sources that are no tool: there is nowhere to sign in.
WITHOUT_CONSOLE = ("files", "registry")


def assert_words(words: Words, what: str, least: int) -> None:
    assert min(len(each.split()) for each in words) >= least, what
    assert words.en != words.fr, what


@pytest.mark.parametrize("source", SOURCES)
def test_a_source_describes_itself(source: str) -> None:
    kind = connector_class(source)
    assert kind.name == source
    assert kind.title.strip()
    assert (kind.console is None) == (source in WITHOUT_CONSOLE)
    assert (kind.console or "https://").startswith("https://")
    assert_words(kind.unread, source, 8)
    assert all(each.endswith(".") for each in kind.unread)
    assert len({each.name for each in kind.streams}) == len(kind.streams)
    for stream in kind.streams:
        assert_words(stream.holds, f"{source} {stream.name}", 3)
        assert not any(each.endswith(".") for each in stream.holds), stream.name
        assert len(stream.key_source.split()) >= 6, stream.name
        assert stream.key_source.endswith("."), stream.name
        assert (stream.key_version > 1) == bool(stream.older_key), stream.name
        assert bool(stream.lag or stream.look_back) <= bool(stream.cursor), stream.name


def test_an_unknown_source_is_told_which_there_are() -> None:
    with pytest.raises(ValueError, match=rf"There is no source 'acme': choose one of {', '.join(SOURCES)}\."):
        connector_class("acme")


def declared(source: str) -> dict[str, Any]:
    """dbt's entry of a source; empty when there is none."""
    file = MODELS / "staging" / source / f"_{source}__sources.yml"
    entries = yaml.safe_load(file.read_text())["sources"] if file.exists() else []
    return next((each for each in entries if each["name"] == source), {})


def missing_lines(source: str) -> list[str]:
    """The lines that name the source, its streams and its variables, and are not where they belong."""
    kind = connector_class(source)
    found = []
    attach = f"- {{path: \"{{{{ env_var('POPS_HOME') }}}}/raw/{source}.duckdb\", alias: {source}, read_only: true}}"
    if attach not in (ROOT / "dbt_project" / "profiles.yml").read_text():
        found.append(f"dbt_project/profiles.yml, attach: {attach}")
    tables = {each["name"]: each for each in declared(source).get("tables", [])}
    for stream in kind.streams:
        meta = tables.get(stream.name, {}).get("config", {}).get("meta", {})
        if meta.get("dagster", {}).get("asset_key") != ["raw", source, stream.name]:
            found.append(
                f"dbt_project/models/staging/{source}/_{source}__sources.yml, tables: "
                f"- {{name: {stream.name}, config: {{meta: {{dagster: {{asset_key: [raw, {source}, {stream.name}]}}}}}}}}"
            )
    if source in VENDORS:
        if not re.search(rf"\('{kind.family}', 'stg_{source}__\w+'\)", FAMILIES.read_text()):
            found.append(f"{FAMILIES.name}, tools: ('{kind.family}', 'stg_{source}__<its main stream>'),")
        link = f"[{kind.title}](connectors/{source}/README.md)"
        variables = [address_variable(source, kind.Settings), *secret_variables(source, kind.Settings)]
        shown = ", ".join(f"`{each}`" for each in _shortened(variables, source))
        if not re.search(
            rf"\| {re.escape(link)}.* \| {re.escape(shown)} \|", (ROOT / "README.md").read_text()
        ):
            found.append(f"README.md, the table of sources: | | {link} | {shown} |")
    return found


def _shortened(variables: list[str], source: str) -> list[str]:
    first, *others = variables
    return [first, *(each.removeprefix(prefix(source).rstrip("_")) for each in others)]


@pytest.mark.parametrize("source", SOURCES)
def test_every_list_that_must_name_a_source_names_it(source: str) -> None:
    assert missing_lines(source) == []


def test_no_list_names_what_is_no_source() -> None:
    attached = re.findall(r"alias: (\w+)", (ROOT / "dbt_project" / "profiles.yml").read_text())
    assert sorted(attached) == list(SOURCES)
    for family, model, source in re.findall(r"\('(\w+)', '(stg_([a-z_]+?)__\w+)'", FAMILIES.read_text()):
        (described_in,) = MODELS.rglob(f"{model}.yml")
        meta = yaml.safe_load(described_in.read_text())["models"][0].get("config", {}).get("meta", {})
        assert meta.get("families", [connector_class(source).family]) == [family]
    staged = {path.parent.name for path in MODELS.glob("staging/*/*__sources.yml")}
    assert staged == set(SOURCES)
    for source in SOURCES:
        assert [
            each["name"] for each in declared(source)["tables"] if each["name"] not in _streams(source)
        ] == []


def _streams(source: str) -> set[str]:
    return {each.name for each in connector_class(source).streams}


def test_what_a_source_holds_is_said_in_the_language_of_the_reports() -> None:
    kind = connector_class("zendesk")
    for language, words in (("en", kind.streams[0].holds.en), ("fr", kind.streams[0].holds.fr)):
        about, streams = described("zendesk", {"POPS_REPORT_LANGUAGE": language})
        assert about.startswith("Zendesk (https://")
        assert about.endswith(getattr(kind.unread, language))
        assert streams[0] == ("tickets", words)
    with pytest.raises(ValueError, match="POPS_REPORT_LANGUAGE"):
        described("zendesk", {"POPS_REPORT_LANGUAGE": "tlh"})
