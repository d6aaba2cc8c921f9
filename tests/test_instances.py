"""Further instances of a vendor: declared by an entry of sources.yml, each with its own credentials, raw file and cursors."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from connectors import connector_class, vendor_of
from connectors.credentials import check_source
from connectors.errors import InvalidRegistry
from connectors.forgetting import typed
from connectors.instances import (
    held_sources,
    instance_and_id,
    instances_of,
    left_out_sources,
    sources_of,
    vendors_of,
)
from connectors.registry.files import load_registry
from connectors.runner import prepare_raw
from connectors.settings import chosen_sources
from orchestration.assets.dbt import _of_instances
from orchestration.assets.ingestion import ingestion_assets, vendor_assets
from pops.onboarding.company_folder import ENVIRONMENT, Answers, make_folder
from pops.onboarding.discovery import found
from pops.onboarding.registry_check import held_against_data
from pops.operations.subjects import _typed
from pops.sources import credentials, source_lines
from sandbox.serving.environment import environment
from settings.home import Home
from settings.owners import owner_in
from tests.invented_company import company, write_raw
from tests.vendor_reading import HISTORY_START, NIGHT, HandMade, Served, run_source, served

DECLARED = "- {id: jira_eu, points: [Charge]}\n- id: github_labs\n"


def registry(folder: Path, sources: str = DECLARED, tools: tuple[str, ...] = ("jira",)) -> dict[str, str]:
    """A company's registry with this sources.yml; the variable that names it."""
    make_folder(folder, Answers("Nord", "Europe/Paris", "monday", "EUR", "fr", "team:nord", tools))
    (folder / "registry" / "sources.yml").write_text(f"sources:\n{sources}")
    return {"POPS_REGISTRY_DIR": str(folder / "registry")}


@pytest.fixture
def declared(tmp_path: Path) -> dict[str, str]:
    return registry(tmp_path / "company")


def of_instance(base_url: str, vendor: str, instance: str) -> dict[str, str]:
    """The variables of an instance that is read from a sandbox."""
    given = environment(base_url, 1000, [vendor]).items()
    return {
        name.replace(f"POPS_{vendor.upper()}_", f"POPS_{instance.upper()}_"): value
        for name, value in given
        if name != "POPS_REGISTRY_DIR"
    }


def test_an_instance_is_a_source_by_its_own_name(declared: dict[str, str]) -> None:
    assert {"jira", "jira_eu", "github_labs", "registry"} < {*sources_of(declared)}
    assert {*sources_of(declared)} - {*vendors_of(declared)} == {"registry"}
    assert instances_of("jira", declared) == ("jira", "jira_eu")
    assert instances_of("zendesk", declared) == ("zendesk",)
    kind, vendor = connector_class("jira_eu"), connector_class("jira")
    assert (kind.name, kind.title, vendor_of("jira_eu")) == ("jira_eu", "Jira (eu)", "jira")
    assert (kind.streams, kind.Settings, vendor.name) == (vendor.streams, vendor.Settings, "jira")
    assert instance_and_id("jira", "jira_eu:10021") == ("jira_eu", "10021")
    assert instance_and_id("jira", "10021") == ("jira", "10021")
    assert (
        vendor_of("acme_eu") is vendor_of("jira_") is vendor_of("Jira_eu") is vendor_of("files_two") is None
    )


def test_whoever_answers_for_the_vendor_answers_for_its_instances(declared: dict[str, str]) -> None:
    folder = Path(declared["POPS_REGISTRY_DIR"])
    (folder / "owners.yml").write_text(
        'owners:\n- {id: jira, owner: "team:tracker"}\n- {id: github_labs, owner: "team:labs"}\n'
    )
    owners = load_registry(folder)
    assert [owner_in(owners, each) for each in ("jira_eu", "github_labs")] == ["team:tracker", "team:labs"]


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("- id: pendo_eu\n", "sources.yml:2: There is no source `pendo_eu`"),
        ("- id: jira\n- id: files_two\n", "sources.yml:3: There is no source `files_two`"),
        ("- id: jira eu\n", "sources.yml:2: There is no source `jira eu`"),
        ("- id: jira-eu\n", "sources.yml:2: There is no source `jira-eu`"),
        ("- id: jira_eu\n- id: jira_eu\n", "sources.yml:3: The id `jira_eu` is used twice"),
        ("- {id: github_labs, points: x}\n", "sources.yml:2: Nothing of github is left to its customers"),
        ("- id: github\n", "sources.yml:2: Nothing of github is left to its customers"),
        ("- id: mixpanel_query\n", "sources.yml:2: `mixpanel_query` and `mixpanel` would both be set by"),
        ("- {id: jira_eu, plan: x}\n", "sources.yml:2: `plan`"),
    ],
)
def test_a_declaration_that_cannot_be_is_refused_with_its_line(
    tmp_path: Path, written: str, told: str
) -> None:
    folder = Path(registry(tmp_path, written)["POPS_REGISTRY_DIR"])
    with pytest.raises(InvalidRegistry) as caught:
        load_registry(folder)
    assert any(each.lower().startswith(told.lower()) for each in caught.value.problems), caught.value.problems


def test_an_instance_that_is_set_by_half_says_which_of_its_own_variables_is_missing(
    declared: dict[str, str],
) -> None:
    env = declared | {"POPS_JIRA_EU_BASE_URL": "https://eu.example", "POPS_JIRA_EU_EMAIL": "pops@eu.example"}
    assert str(chosen_sources(env)["jira_eu"]) == (
        "jira_eu: POPS_JIRA_EU_API_TOKEN is not set. Set every variable of the source to switch it on, or none to leave it off."
    )
    assert "jira" not in chosen_sources(env)


def test_variables_of_an_instance_that_nobody_declares_are_told_with_what_to_write(
    declared: dict[str, str], tmp_path: Path
) -> None:
    """They switch nothing on; those of a source's further settings are no instance's."""
    env = declared | {
        "POPS_ZENDESK_B2B_BASE_URL": "https://b2b.example",
        "POPS_JIRA_EU_BASE_URL": "https://eu.example",
    }
    env["POPS_MIXPANEL_QUERY_BASE_URL"] = "https://query.example"
    why = (
        "POPS_ZENDESK_B2B_BASE_URL is set, but no source is called zendesk_b2b. "
        "Declare it in the registry's sources.yml: `- id: zendesk_b2b`."
    )
    lines = {line.source: (line.state, line.place) for line in source_lines(tmp_path, env)}
    assert lines["zendesk_b2b"] == ("undeclared", why)
    assert lines.keys() - {*sources_of(env)} == {"zendesk_b2b"}
    assert dict(credentials(None, env))["zendesk_b2b"].remedy == why
    with pytest.raises(ValueError, match="There is no source 'zendesk_b2b'"):
        list(credentials("zendesk_b2b", env))


def test_an_id_of_the_models_leads_back_to_the_record_of_its_instance() -> None:
    """As those who are to be forgotten are looked for in raw."""
    assert _typed("zendesk", "users", "zendesk_b2b:5") == typed("zendesk_b2b", "users", "5")
    assert _typed("zendesk", "users", "5") == typed("zendesk", "users", "5")


@pytest.fixture
def vendor() -> Iterator[Served]:
    data = HandMade()
    data.put("jira", "projects", {"id": "10", "key": "ATL"}, HISTORY_START)
    fields = {"created": "2026-06-01T10:00:00.000+0000", "updated": "2026-06-01T10:00:00.000+0000"}
    data.put("jira", "issues", {"id": "1", "key": "ATL-1", "fields": fields}, HISTORY_START)
    with served(data) as running:
        yield running


def held(home: Path, source: str, sql: str) -> int:
    with duckdb.connect(str(home / "raw" / f"{source}.duckdb"), read_only=True) as raw:
        ((count,),) = raw.execute(sql.format(f"raw_{source}")).fetchall()
        return int(count)


def test_instances_are_read_each_with_its_own_credentials_into_its_own_file(
    vendor: Served, declared: dict[str, str], tmp_path: Path
) -> None:
    home, env = tmp_path / "home", declared | environment(vendor.base_url, 1000, ["jira"])
    env = env | of_instance(vendor.base_url, "jira", "jira_eu") | declared
    wrong = env | {"POPS_JIRA_EU_API_TOKEN": "of-somebody-else"}
    answer = check_source("jira_eu", wrong)
    assert answer is not None
    assert answer.state == "rejected"
    assert "Set POPS_JIRA_EU_EMAIL, POPS_JIRA_EU_API_TOKEN" in answer.remedy
    runs = {source: run_source(source, home, NIGHT, HISTORY_START, wrong) for source in ("jira_eu", "jira")}
    assert {source: run.outcome for source, run in runs.items()} == {"jira_eu": "failed", "jira": "ok"}
    assert (runs["jira_eu"].error or "").startswith("jira_eu")
    cursors = "select count(*) from {}._pops_cursors"
    assert (held(home, "jira", cursors) > 0, held(home, "jira_eu", cursors)) == (True, 0)
    assert run_source("jira_eu", home, NIGHT, HISTORY_START, env).outcome == "ok"
    assert held(home, "jira_eu", cursors) == held(home, "jira", cursors)
    assert held(home, "jira_eu", "select count(*) from {}.issues") == 1
    assert dict(credentials("jira_eu", env))["jira_eu"].state == "ok"
    lines = {line.source: line for line in source_lines(home, env)}
    assert (lines["jira_eu"].state, lines["jira_eu"].outcome, lines["jira_eu"].records) == ("on", "ok", 2)
    assert lines["github_labs"].place == "set POPS_GITHUB_LABS_BASE_URL"


def test_only_instances_need_not_have_one_named_like_the_vendor(tmp_path: Path) -> None:
    env = registry(tmp_path, "- id: jira_eu\n- id: jira_us\n")
    for name in ("EU", "US"):
        env |= {
            f"POPS_JIRA_{name}_{each}": "https://jira.example" for each in ("BASE_URL", "EMAIL", "API_TOKEN")
        }
    assert chosen_sources(env) == {"jira_eu": None, "jira_us": None}


def test_each_instance_has_its_assets_and_checks(
    declared: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POPS_REGISTRY_DIR", declared["POPS_REGISTRY_DIR"])
    monkeypatch.setattr("orchestration.assets.ingestion.owner_of", lambda area: "team:nord")
    streams = {each.name for each in connector_class("jira").streams}
    of_vendor = {tuple(each.key.path) for each in vendor_assets()}
    assert {("vendor", "jira_eu", name) for name in streams} <= of_vendor
    readings = {each.op.name: each for each in ingestion_assets()}
    ours = readings["ingest_jira_eu"]
    assert {tuple(key.path) for key in ours.keys} == {("raw", "jira_eu", name) for name in streams}
    assert {key.asset_key for key in ours.check_keys} == ours.keys
    assert ours.op.pool == "source_jira_eu"
    issues = next(key for key in readings["ingest_jira"].keys if key.path[-1] == "issues")
    assert [key.path for key in _of_instances(issues)] == [
        ["raw", "jira", "issues"],
        ["raw", "jira_eu", "issues"],
    ]


def test_what_was_read_of_an_instance_that_is_declared_no_more_is_still_found(
    declared: dict[str, str], tmp_path: Path
) -> None:
    home = tmp_path / "home"
    prepare_raw(home, declared)
    later = registry(tmp_path / "later", "")
    assert "jira_eu" not in sources_of(later)
    assert "jira_eu" in held_sources(home, later)


def test_discovery_and_the_check_of_the_registry_speak_of_each_instance(tmp_path: Path) -> None:
    """Two trackers have projects of the same keys: the registry's names say whose is meant."""
    env, home = registry(tmp_path / "company", "- id: jira_eu\n"), Home(tmp_path / "home")
    records = company()
    write_raw(home.root, {"jira": records["jira"], "jira_eu": records["jira"]})
    proposed = "\n".join(line for each in found(home, env) if each.file == "teams" for line in each.lines)
    assert "jira_projects: [WEB]" in proposed
    assert "jira_projects: [jira_eu:WEB]" in proposed.replace("'", "").replace('"', "")
    (Path(env["POPS_REGISTRY_DIR"]) / "teams.yml").write_text(
        'teams:\n- {id: web, name: Web, owner: "team:web", jira_projects: [WEB, "jira_eu:WEB", "jira_eu:WEBB"]}\n'
    )
    told = [each for each in held_against_data(env, home.root) if each.startswith("teams.yml")]
    assert "`jira_eu:WEBB`: did you mean `jira_eu:WEB`" in told[0]
    assert "`DATA` (8), `jira_eu:DATA` (8)" in told[1]


def test_a_folder_is_made_for_instances_too(tmp_path: Path) -> None:
    make_folder(
        tmp_path, Answers("Nord", "Europe/Paris", "monday", "EUR", "fr", "team:nord", ("jira", "jira_eu"))
    )
    assert instances_of("jira", {"POPS_REGISTRY_DIR": str(tmp_path / "registry")}) == ("jira", "jira_eu")
    assert "POPS_JIRA_EU_API_TOKEN=" in (tmp_path / ENVIRONMENT).read_text()


def test_an_instance_that_is_declared_no_more_is_told_with_the_remedy(
    declared: dict[str, str], tmp_path: Path
) -> None:
    home = Home(tmp_path / "home")
    prepare_raw(home.root, declared)
    sources = tmp_path / "company" / "registry" / "sources.yml"
    sources.write_text("sources:\n- id: github_labs\n")
    # What was never read is missed by nobody.
    assert left_out_sources(home.root, declared) == {}
    with duckdb.connect(str(home.root / "raw" / "jira_eu.duckdb")) as raw:
        raw.execute("insert into raw_jira_eu.issues values ('7', '1', 'h', now(), 'load', false, '{}')")
    (told,) = left_out_sources(home.root, declared).values()
    assert told.startswith("raw/jira_eu.duckdb holds records of jira_eu, which sources.yml does not declare")
    assert "`- id: jira_eu`" in told
    assert told in held_against_data(declared, home.root)
    assert ("jira_eu", "left out", told) in {
        (each.source, each.state, each.place) for each in source_lines(home.root, declared)
    }
    (home.root / "raw" / "jira_eu.duckdb").unlink()
    assert left_out_sources(home.root, declared) == {}
