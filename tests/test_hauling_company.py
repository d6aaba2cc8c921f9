"""The first hour of a company whose words no list of ours has: what `pops discover` proves by values, a few lines by hand,
and the accounts, plans, revenue, stages and teams that the mart then has."""

import re
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
import yaml

from pops.onboarding.company_folder import Answers, make_folder
from pops.onboarding.discovery import found, write_found
from pops.onboarding.registry_check import held_against_data
from settings.home import Home
from tests.hauling_company import EURO, PROJECTS, STATUSES, Hauling
from tests.invented_company import write_raw
from tests.part_nights import build, query, read

AS_OF = date(2026, 11, 16)
# Line of a file -> what stands there after a person has read it.
EDITS = {
    "sources": {
        "    # segment: Wielkosc_Floty__c": "    segment: Wielkosc_Floty__c",
        "    # points: [customfield_10231]": "    points: [customfield_10231]",
    },
    "exchange_rates": {
        "# - {id: eur, from: , currency: EUR, rate: }": f"- {{id: eur, from: 2026-01-01, currency: EUR, rate: {EURO}}}"
    },
    "stages": {
        "# - {id: idea, name: Idea, flow: waiting, epic_entry: created, statuses: []}": "- {id: idea, name: Idea, flow: waiting, epic_entry: created, statuses: [Pomysł]}",
        "[Do zrobienia, Pomysł]": "[Do zrobienia]",
        "[Do sprawdzenia, U klienta, W toku]": "[W toku]",
        "# - {id: review, name: Review, flow: waiting, epic_entry: issue_status, statuses: []}": "- {id: review, name: Review, flow: waiting, epic_entry: issue_status, statuses: [Do sprawdzenia, U klienta]}",
    },
    "exclusions": {"  # Resolution `Niewykonalne`": "  - {id: issue_resolutions, values: [Niewykonalne]}\n  # Resolution `Niewykonalne`"},
    "features": {"# - {id: trasa-zaplanowana": "- {id: trasa-zaplanowana", "# - {id: raport-pobrany": "- {id: raport-pobrany"},
}  # fmt: skip
STAGES = {"Pomysł": "idea", "Do zrobienia": "ready", "W toku": "build", "Do sprawdzenia": "review", "U klienta": "review", "Gotowe": "released"}  # fmt: skip
TEAMS = {"TRASY": "planowanie-tras", "FLOTA": "kartoteka-pojazdow"}


@pytest.fixture(scope="module")
def company() -> Hauling:
    return Hauling(AS_OF)


@pytest.fixture(scope="module")
def folder(company: Hauling, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The company's own folder, with its home in `data`, after `pops discover`."""
    root = tmp_path_factory.mktemp("szlak")
    make_folder(root, Answers("Szlak", "Europe/Warsaw", "monday", "PLN", "en", "team:produkt", ()))
    write_raw(root / "data", company.records())
    env = {"POPS_REGISTRY_DIR": str(root / "registry")}
    write_found(env, found(Home(root / "data"), env))
    return root


@pytest.fixture(scope="module")
def home(folder: Path) -> Path:
    """Its home after the lines by hand, and what of a night makes accounts, issues and features."""
    for name, edits in EDITS.items():
        path = folder / "registry" / f"{name}.yml"
        for before, after in edits.items():
            text = path.read_text(encoding="utf-8")
            assert text.count(before) == 1, before
            path.write_text(text.replace(before, after), encoding="utf-8")
    assert sum(len(edits) for edits in EDITS.values()) <= 15
    variables = {"POPS_REGISTRY_DIR": str(folder / "registry")}
    told = held_against_data(variables, folder / "data")
    assert not [each for each in told if "did you mean" in each or "has this name" in each]
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("POPS_REGISTRY_DIR", variables["POPS_REGISTRY_DIR"])
        read(folder / "data", variables, AS_OF, ["registry"])
        build(
            folder / "data",
            AS_OF,
            "--select",
            "+dim_account",
            "+fct_issue",
            "+fct_ticket",
            "+fct_usage_daily",
        )
    return folder / "data"


def test_values_prove_what_no_word_tells(folder: Path) -> None:
    text = (folder / "registry" / "sources.yml").read_text(encoding="utf-8")
    assert {each.pop("id"): each for each in yaml.safe_load(text)["sources"]} == {
        "mixpanel": {"account": {"event_property": "firma"}},
        "zendesk": {
            "account": "numer_najemcy",
            "spam_tags": ["spam", "spam_smieci"],
            "merge_tags": ["closed_by_merge", "polaczone_zgloszenie"],
        },
        "salesforce": {
            "account": "Numer_Najemcy__c",
            "user": "Login_W_Aplikacji__c",
            "plan": "Pakiet__c",
            "revenue": {"property": "Abonament__c", "period": "month", "currency_property": "Waluta__c"},
            "test": "Konto_Probne__c",
            "renews_on": "Koniec_Umowy__c",
            "churned_on": "Rozwiazanie__c",
        },
        "jira": {},
    }
    assert "# true of 2 of 30 companies, those of the domain `szlak.example`" in text
    assert "# 3 of 30 companies have a date; 3 of 3 with events send none after it" in text
    assert "# 30 of 30 companies have a date, 30 of them still to come" in text
    assert re.search(r"# `salesforce.segment`: nothing proves .*\n    # segment: Wielkosc_Floty__c ", text)


def test_accounts_have_plan_segment_and_what_they_pay_a_year(home: Path, company: Hauling) -> None:
    rows = query(
        home,
        "select app_account_id, plan, segment, round(arr_home, 2), is_test_account, churned_on, renews_on "
        "from marts.dim_account where app_account_id is not null",
    )
    assert sorted(rows) == sorted(
        (
            each.tenant, each.plan.lower().replace(" ", "_"), each.segment, 0.0 if each.is_test else round(each.yearly_home, 2),
            each.is_test, each.left_on, each.renews_on,
        )
        for each in company.customers
    )  # fmt: skip


def test_issues_are_in_the_stages_and_teams_that_their_statuses_and_projects_mean(
    home: Path, company: Hauling
) -> None:
    rows = query(home, "select issue_key, stage, team_id from marts.fct_issue")
    assert sorted(rows) == sorted(
        (each.key, STAGES[each.status], TEAMS[each.project]) for each in company.tasks
    )
    assert STAGES.keys() == STATUSES.keys()
    assert TEAMS.keys() == PROJECTS.keys()
    points = query(home, "select count(*) from staging.stg_jira__issues where story_points between 1 and 5")
    assert points == [(len(company.tasks),)]


def test_tickets_and_uses_count_without_spam_merged_ones_and_test_accounts(
    home: Path, company: Hauling
) -> None:
    records = company.records()
    tests = {each.tenant for each in company.customers if each.is_test}
    numbers = {5000 + each.number for each in company.customers if each.is_test}
    counted = [
        each["id"]
        for each in records["zendesk"]["tickets"]
        if "spam_smieci" not in each["tags"]
        and not ("polaczone_zgloszenie" in each["tags"] and each["status"] == "solved")
        and each["organization_id"] not in numbers
    ]
    assert query(home, "select count(*) from marts.fct_ticket where is_counted") == [(len(counted),)]
    uses = Counter(
        each["event"] for each in records["mixpanel"]["events"] if each["properties"]["firma"][0] not in tests
    )
    assert dict(
        query(home, "select feature_id, sum(event_count) from marts.fct_usage_daily where feature_id <> '(unmapped)' group by all")
    ) == {
        "trasa-zaplanowana": uses["Trasa zaplanowana"],
        "raport-pobrany": uses["Raport pobrany"],
    }  # fmt: skip
