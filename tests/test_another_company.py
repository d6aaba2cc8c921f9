"""A company that nobody here is: its own names of fields, statuses in French, weeks in Paris, revenue of a month in euros.

What `registry/` says is all that it changes; connectors read its export through the vendors' own routes.
"""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from sandbox.serving.running import running_sandbox
from tests.part_nights import build, query, read
from tests.sql_macros import model_sql

AS_OF = date(2026, 11, 16)
REGISTRY = {
    "organisation": "- {id: atelier-nord, name: Atelier Nord, reporting_time_zone: Europe/Paris, week_starts_on: monday, home_currency: EUR, owner: data@atelier.example}",
    "sources": """
- {id: amplitude, account: [{group: societe}, {event_property: espaces}]}
- id: hubspot
  account: id_espace
  plan: formule
  segment: taille
  revenue: {property: mrr, period: month, currency_property: devise}
  test: compte_test
  churned_on: resilie_le
  renews_on: echeance
  renewal_deals: [Renouvellement]
- {id: jira, points: [Charge], sprint: [Iteration]}
""",
    "exchange_rates": "- {id: usd, from: 2026-01-01, currency: USD, rate: 0.9}",
    "products": "- {id: app, name: Application, owner: ops@atelier.example}",
    "teams": "- {id: trefle, name: Trèfle, owner: ops@atelier.example, jira_projects: [TRE]}",
    "features": """
- {id: partage, name: Partage, product: app, team: trefle, live_from: 2026-01-01, events: [{event: Document partagé}],
   epics: [TRE-1], eligible_plans: [Pro]}
""",
    "stages": """
- {id: cadrage, name: Cadrage, flow: waiting, epic_entry: created, statuses: [À cadrer]}
- {id: fabrication, name: Fabrication, flow: active, epic_entry: own_status, statuses: [En cours]}
- {id: recette, name: Recette, flow: waiting, epic_entry: own_status, statuses: [En recette]}
- {id: livraison, name: Livraison, flow: active, epic_entry: own_status, statuses: [Livré]}
""",
}  # fmt: skip
STATUSES = {
    "1": ("À cadrer", "new"),
    "2": ("En cours", "indeterminate"),
    "3": ("En recette", "indeterminate"),
    "4": ("Livré", "done"),
}
# The last comes to its status at half past midnight in Paris.
MOVES = (("1", "2", "2026-09-07T09:00"), ("2", "3", "2026-09-14T09:00"), ("3", "4", "2026-09-20T22:30"))


def _status(number: str) -> dict[str, Any]:
    name, category = STATUSES[number]
    return {"id": number, "name": name, "statusCategory": {"id": int(number), "key": category}}


def _issue(number: int, level: int, points: int | None) -> dict[str, Any]:
    fields = {
        "issuetype": {"id": str(level), "name": "Épopée" if level else "Récit", "subtask": False, "hierarchyLevel": level},
        "project": {"id": "7", "key": "TRE", "name": "Trèfle"}, "status": _status("4"), "resolution": {"name": "Terminé"},
        "created": "2026-09-01T09:00:00.000+0000", "updated": "2026-09-20T22:30:00.000+0000",
        "resolutiondate": "2026-09-20T22:30:00.000+0000", "customfield_77": points, "fixVersions": [], "labels": [],
    }  # fmt: skip
    if not level:
        fields["parent"] = {"id": "1", "key": "TRE-1"}
    return {"id": str(number), "key": f"TRE-{number}", "fields": fields}


def _history(issue: int, number: int) -> dict[str, Any]:
    before, after, moment = MOVES[number]
    item = {"field": "statut", "fieldId": "status", "fieldtype": "jira", "from": before, "to": after,
            "fromString": STATUSES[before][0], "toString": STATUSES[after][0]}  # fmt: skip
    return {
        "id": str(10 * issue + number),
        "issueId": str(issue),
        "created": f"{moment}:00.000+0000",
        "items": [item],
    }


def _company(number: int, **properties: str | None) -> dict[str, Any]:
    moment = "2026-10-01T08:00:00.000Z"
    body = {"hs_object_id": str(number), "hs_lastmodifieddate": moment, "name": f"Client {number}"}
    return {
        "id": str(number),
        "properties": body | properties,
        "createdAt": moment,
        "updatedAt": moment,
        "archived": False,
    }


def _event(number: int, **more: Any) -> dict[str, Any]:
    moment = f"2026-11-10 10:00:{number:02d}.000000"
    return {
        "uuid": f"e{number}", "event_type": "Document partagé", "device_id": f"d{number}", "user_id": f"u{number}", "$insert_id": f"i{number}",
        "event_time": moment, "server_received_time": moment, "server_upload_time": moment, **more,
    }  # fmt: skip


EXPORT: dict[str, dict[str, list[dict[str, Any]]]] = {
    "hubspot": {
        "companies": [
            _company(1, id_espace="w-1", formule="PRO", taille="Grand Compte", mrr="1000", devise="EUR", compte_test="false", echeance="2027-02-01"),
            _company(2, id_espace="w-2", formule="Essentiel ", taille="Grand compte", mrr="100", devise="USD", compte_test="non"),
            _company(3, id_espace="w-3", formule="pro", taille=None, mrr="50", devise=None, compte_test="true", resilie_le="2026-10-31"),
            # One that never came, one that nothing links to events, and two that claim one account.
            _company(4, id_espace="w-4"), _company(5), _company(6, id_espace="w-6"), _company(7, id_espace="w-6"),
        ],
        "deals": [_company(number, dealtype=kind) for number, kind in ((1, "renouvellement "), (2, "Vente"), (3, None))],
    },
    "amplitude": {
        "events": [
            _event(1, event_properties={"espaces": ["w-1", "w-9"]}),
            _event(2, event_properties={"espaces": "w-2"}),
            _event(3, groups={"societe": "w-3"}, event_properties={"espaces": ["w-1"]}),
            _event(4, event_properties={"workspace": "w-1"}),
        ]
    },
    "jira": {
        "issues": [_issue(1, 1, None), _issue(2, 0, 5)],
        "changelogs": [_history(issue, number) for issue in (1, 2) for number in range(3)],
        "statuses": [_status(number) for number in STATUSES],
        "projects": [{"id": "7", "key": "TRE", "name": "Trèfle"}],
        "fields": [
            {"id": "customfield_77", "name": "Charge", "custom": True, "schema": {"type": "number", "custom": "x:float"}}
        ],
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("atelier")
    (folder / "registry").mkdir()
    for name, entries in REGISTRY.items():
        (folder / "registry" / f"{name}.yml").write_text(f"{name}:\n{entries}\n", encoding="utf-8")
    for vendor, streams in EXPORT.items():
        (folder / "export" / vendor).mkdir(parents=True)
        for stream, rows in streams.items():
            lines = "".join(json.dumps(row) + "\n" for row in rows)
            (folder / "export" / vendor / f"{stream}.jsonl").write_text(lines)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("POPS_REGISTRY_DIR", str(folder / "registry"))
        with running_sandbox(replay=folder / "export", only=tuple(EXPORT)) as sandbox:
            read(
                folder / "home",
                {**sandbox.environment(), "POPS_REGISTRY_DIR": str(folder / "registry")},
                AS_OF,
            )
        build(
            folder / "home", AS_OF, "--select", "+dim_account", "+fct_deal", "+fct_issue", "+fct_usage_daily", "+dim_team", "+mart_account_week",
            "+int_delivery__epic_stages", "+int_features__eligible_plans", "+int_quality__mapped_names",
        )  # fmt: skip
    return folder / "home"


def test_accounts_have_plan_segment_and_the_revenue_of_a_year_in_euros(home: Path) -> None:
    rows = query(
        home,
        "select app_account_id, plan, segment, round(arr_home, 2), round(last_arr_home, 2), is_test_account, churned_on, renews_on "
        "from marts.dim_account where app_account_id <= 'w-3' order by 1",
    )
    assert rows == [
        ("w-1", "pro", "grand_compte", 12_000.0, 12_000.0, False, None, date(2027, 2, 1)),
        ("w-2", "essentiel", "grand_compte", 1_080.0, 1_080.0, False, None, None),
        ("w-3", "pro", "(unknown)", 0.0, 600.0, True, date(2026, 10, 31), None),
    ]


def test_a_deal_renews_a_contract_when_the_registry_names_its_type(home: Path) -> None:
    rows = query(home, "select deal_id, is_renewal from marts.fct_deal order by 1")
    assert rows == [("hubspot:deal:1", True), ("hubspot:deal:2", False), ("hubspot:deal:3", False)]


def test_use_is_0_only_of_an_account_that_events_could_name(home: Path) -> None:
    rows = query(
        home,
        "select weeks.account_name, active_user_count, event_count, feature_count, ticket_count, feedback_count, has_app_account "
        "from marts.mart_account_week as weeks inner join marts.dim_account using (account_id) where is_newest_week order by 1",
    )
    # There is no desk, and no tool for feedback.
    assert rows == [
        ("Client 1", 1, 1, 1, None, None, True), ("Client 2", 1, 1, 1, None, None, True), ("Client 4", 0, 0, 0, None, None, True),
        ("Client 5", None, None, None, None, None, False), ("Client 6", None, None, None, None, None, False),
        ("Client 7", None, None, None, None, None, False),
    ]  # fmt: skip


def test_events_are_of_the_account_that_their_property_or_group_names(home: Path) -> None:
    rows = query(home, "select event_id, app_account_id from staging.stg_amplitude__events order by 1")
    assert [account for _, account in rows] == ["w-1", "w-2", "w-3", None]
    plans = query(
        home,
        "select plan from intermediate.int_features__eligible_plans where feature_id = 'partage' order by 1",
    )
    assert plans == [("pro",)]


def test_an_epic_passes_the_companys_own_stages_on_its_days(home: Path) -> None:
    rows = query(
        home,
        "select stage, entered_date, stage_days from intermediate.int_delivery__epic_stages order by stage_number",
    )
    assert rows == [
        ("cadrage", date(2026, 9, 1), 6),
        ("fabrication", date(2026, 9, 7), 7),
        ("recette", date(2026, 9, 14), 7),
        ("livraison", date(2026, 9, 21), None),
    ]
    assert query(home, "select distinct team_id from marts.fct_issue") == [("trefle",)]
    points = query(home, "select story_points from staging.stg_jira__issues order by issue_id")
    assert points == [(None,), (5.0,)]


def test_a_name_that_no_record_has_is_told(home: Path) -> None:
    found = query(
        home, "select source, setting, names, counted, total from intermediate.int_quality__mapped_names"
    )
    assert ("hubspot", "revenue", "mrr", 3, 7) in found
    assert ("hubspot", "renews_on", "echeance", 1, 7) in found
    assert ("amplitude", "account", "societe, espaces", 3, 4) in found
    assert ("jira", "points", "Charge", 1, 1) in found
    assert ("jira", "sprint", "Iteration", 0, 1) in found
    test = model_sql("assert_every_name_of_sources_yml_is_in_some_record").replace(
        "int_quality__mapped_names", "intermediate.int_quality__mapped_names"
    )
    assert query(home, f"select what_is_named from ({test})") == [
        ("jira: `Iteration` (sprint) is in 0 of 1 fields",)
    ]
    # Coverage shows it too, by its name.
    [(told,)] = query(
        home,
        "select explanation from intermediate.int_quality__mapped_names where subject = 'fields: Iteration'",
    )
    assert told.startswith("No record holds a value")
