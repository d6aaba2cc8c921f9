"""`pops discover`: what the records prove is proposed with its evidence; what a person wrote stays as it is."""

from pathlib import Path

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connectors.registry.files import load_registry
from pops.onboarding.candidates import features
from pops.onboarding.company_folder import Answers, make_folder
from pops.onboarding.discovery import found, write_found
from pops.onboarding.raw import open_held
from pops.onboarding.registry_check import held_against_data
from pops.onboarding.writing import Proposal, appended, scalar
from sandbox.serving.environment import REGISTRY
from settings.home import Home
from tests.invented_company import company, write_raw


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    root = tmp_path_factory.mktemp("home")
    write_raw(root, company())
    return Home(root)


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    make_folder(
        tmp_path, Answers("Écran", "Europe/Paris", "monday", "EUR", "fr", "team:produit", ("hubspot",))
    )
    return {"POPS_REGISTRY_DIR": str(tmp_path / "registry"), "POPS_REPORT_LANGUAGE": "fr"}


def discovered(home: Home, env: dict[str, str]) -> Path:
    write_found(env, found(home, env))
    return Path(env["POPS_REGISTRY_DIR"])


def test_accounts_people_plans_and_revenue_are_found_by_their_values(home: Home, env: dict[str, str]) -> None:
    folder = discovered(home, env)
    text = (folder / "sources.yml").read_text()
    assert yaml.safe_load(text)["sources"] == [
        {
            "id": "mixpanel",
            "account": {"event_property": "workspace_id"},
            "email": {"event_property": "courriel"},
        },
        {
            "id": "hubspot",
            "account": "workspace_id",
            "user": "identifiant_app",
            "plan": "offre_commerciale",
            "segment": "taille_entreprise",
            "revenue": {"property": "mrr_contractuel", "period": "month", "currency": "CHF"},
            "test": "compte_demo",
            "churned_on": "date_resiliation",
            "renewal_deals": ["Renouvellement"],
        },
    ]
    # Of the ten workspaces of events two are in no CRM.
    assert "# 8 of 10 values of `workspace_id` in mixpanel are `workspace_id` of companies in hubspot" in text
    assert "20 of 20 values times 12 are amounts of deals" in text


def test_stages_teams_and_domains_are_those_of_the_tools(home: Home, env: dict[str, str]) -> None:
    registry = load_registry(discovered(home, env))
    assert {each.id: each.statuses for each in registry.stages} == {
        "ready": ["À faire"],
        "build": ["En cours"],
        "review": ["En recette", "Chez le client"],
        "released": ["Terminé(e)"],
    }
    owned = {
        each.id: tuple([one.name for one in names] for names in (each.jira_projects, each.repositories))
        for each in registry.teams
    }
    assert owned == {
        "editeur": (["WEB"], ["editeur"]),
        "donnees": (["DATA"], ["pipelines"]),
    }
    assert {each.id: each.values for each in registry.exclusions}["internal_email_domains"] == [
        "ecran.example"
    ]


def test_candidates_are_comments_until_somebody_takes_their_sign_away(
    home: Home, env: dict[str, str]
) -> None:
    folder = discovered(home, env)
    assert load_registry(folder).features == []
    assert load_registry(folder).surveys == []
    for name in ("features", "surveys"):
        path = folder / f"{name}.yml"
        path.write_text(path.read_text().replace("# - {", "- {"))
    registry = load_registry(folder)
    proposed = {each.events[0].event: each.ticket_tags for each in registry.features}
    assert proposed["Tableau Créé"] == ["tableau"]
    assert (registry.surveys[0].form, registry.surveys[0].score) == ("Fr8QmZ", "reco")


def test_what_a_library_sends_by_itself_is_no_candidate(tmp_path: Path, env: dict[str, str]) -> None:
    sent = [
        "[Amplitude] Page Viewed",
        "[Experiment] Exposure",
        "$mp_rage_click",
        "[Billing] Paid",
        "Board $hared",
    ]
    with open_held(tmp_path, env) as held:
        held.connection.execute(
            "create or replace temp view events as "
            f"select unnest({sent!r}) as name, 'u-1' as person, '2026-11-01' as day"
        )
        names = {
            each
            for each in sent
            for one in features(held, load_registry(REGISTRY), "atlas")
            if each in str(one)
        }
    assert names == {"[Billing] Paid", "Board $hared"}


def test_what_is_proposed_matches_the_records(home: Home, env: dict[str, str]) -> None:
    discovered(home, env)
    told = held_against_data(env, home.root)
    assert not [each for each in told if "did you mean" in each or "has this name" in each]


def test_nothing_is_proposed_twice_and_no_line_is_touched(
    home: Home, env: dict[str, str], tmp_path: Path
) -> None:
    folder = discovered(home, env)
    edited = {
        "teams.yml": ("name: Éditeur", "name: 'Web'"),
        "stages.yml": ("[En recette, Chez le client]", "[En recette]"),
        "sources.yml": ("    plan: offre_commerciale\n", ""),
    }
    for file, (old, new) in edited.items():
        text = (folder / file).read_text()
        assert old in text
        (folder / file).write_text(text.replace(old, new))
    before = {path.name: path.read_text() for path in folder.glob("*.yml")}
    again = found(home, env)
    # A status and a setting that somebody took out are still spoken of in the comments above them, but for the setting.
    assert [(each.file, each.names) for each in again] == [("sources", ("hubspot.plan",))]
    write_found(env, again)
    for name, text in before.items():
        assert (folder / name).read_text().startswith(text.rstrip("\n")), name
    assert found(home, env) == []


def test_what_came_since_is_told_and_appended_in_the_files_own_way(
    home: Home, env: dict[str, str], tmp_path: Path
) -> None:
    folder = discovered(home, env)
    (folder / "teams.yml").write_bytes(
        b'teams: # ours\r\n- {id: editeur, name: E, owner: "team:e", jira_projects: [WEB]}\r\n'
    )
    new = found(home, env)
    assert ("teams", ("DATA",)) in [(each.file, each.names) for each in new]
    write_found(env, new)
    text = (folder / "teams.yml").read_bytes().decode()
    assert text.startswith(
        'teams: # ours\r\n- {id: editeur, name: E, owner: "team:e", jira_projects: [WEB]}\r\n# `DATA`'
    )
    assert "\n" not in text.replace("\r\n", "")
    assert [each.id for each in load_registry(folder).teams] == ["editeur", "donnees"]


def test_own_stages_are_not_rewritten_but_a_new_status_is_told(home: Home, env: dict[str, str]) -> None:
    folder = Path(env["POPS_REGISTRY_DIR"])
    own = "stages:\n  - {id: fait, name: Fait, flow: active, statuses: [Terminé(e)]}\n"
    (folder / "stages.yml").write_text(own)
    discovered(home, env)
    text = (folder / "stages.yml").read_text()
    assert text.startswith(own)
    assert "# Of no stage yet: `En recette`, 2 issues; category indeterminate" in text
    assert [each.id for each in load_registry(folder).stages] == ["fait"]


@settings(deadline=None)
@given(name=st.text(min_size=1), indentation=st.sampled_from(["", "  "]), end=st.sampled_from(["\n", "\r\n"]))
@example(name="Done`\n- {id: evil, name: x, flow: done, statuses: [Open]}", indentation="", end="\n")
@example(name="x\u2028- {id: evil}", indentation="  ", end="\n")
@example(name="x\x85- {id: evil}", indentation="", end="\r\n")
def test_no_name_of_a_tool_writes_an_entry_of_its_own(name: str, indentation: str, end: str) -> None:
    entry = Proposal(
        "stages", (name,), (f"# Of no stage yet: `{name}`", f"- {{id: b, name: {scalar(name)}}}")
    )
    text = appended(f"stages:{end}{indentation}- {{id: a}}{end}", "stages", [entry])
    read = yaml.safe_load(text)["stages"]
    whole = name if yaml.safe_load(scalar(name)) == name else read[1]["name"]
    assert read == [{"id": "a"}, {"id": "b", "name": whole}]


def test_an_instance_that_was_only_declared_gets_its_lines_in_its_entry(tmp_path: Path) -> None:
    tools = ("hubspot", "mixpanel_eu", "jira_eu")
    make_folder(tmp_path, Answers("Écran", "Europe/Paris", "monday", "EUR", "en", "team:produit", tools))
    records = company()
    write_raw(tmp_path / "home", {"hubspot": records["hubspot"], "mixpanel_eu": records["mixpanel"]})
    home, env = Home(tmp_path / "home"), {"POPS_REGISTRY_DIR": str(tmp_path / "registry")}
    text = (discovered(home, env) / "sources.yml").read_text()
    assert [(each.pop("id"), *each) for each in yaml.safe_load(text)["sources"]][:2] == [
        ("mixpanel_eu", "account", "email"),
        ("jira_eu",),
    ]
    assert found(home, env) == []


def test_projects_of_two_trackers_that_are_called_alike_become_teams_that_can_be_told_apart(
    tmp_path: Path,
) -> None:
    tools = ("jira", "jira_eu")
    make_folder(tmp_path, Answers("Écran", "Europe/Paris", "monday", "EUR", "en", "team:produit", tools))
    records = company()
    write_raw(tmp_path / "home", {"jira": records["jira"], "jira_eu": records["jira"]})
    home, env = Home(tmp_path / "home"), {"POPS_REGISTRY_DIR": str(tmp_path / "registry")}
    teams = yaml.safe_load((discovered(home, env) / "teams.yml").read_text())["teams"]
    assert {"WEB", "jira_eu:WEB"} <= {each["jira_projects"][0] for each in teams}
    for names in ({each["id"] for each in teams}, {each["name"] for each in teams}):
        assert len(names) == len(teams)


def test_a_home_that_nothing_was_read_into_is_a_sentence(env: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Nothing was read yet"):
        found(Home(tmp_path / "nowhere"), env)


def test_ids_that_a_desk_holds_too_are_still_the_crms(env: dict[str, str], tmp_path: Path) -> None:
    records = company()
    records["intercom"] = {
        "contacts": [
            {"id": f"c{number}", "email": f"u{number}@client{number}.example", "external_id": f"u-{number}"}
            for number in range(10)
        ]
    }
    write_raw(tmp_path / "home", records)
    sources = load_registry(discovered(Home(tmp_path / "home"), env)).sources
    assert {each.id: each.user for each in sources if each.id == "hubspot"} == {"hubspot": "identifiant_app"}


def test_words_of_another_script_and_a_company_whose_only_tracker_is_its_code_host(
    env: dict[str, str], tmp_path: Path
) -> None:
    api = "https://api.github.com/repos/nagisa/yotei"
    write_raw(
        tmp_path / "home",
        {
            "github": {
                "repositories": [{"id": 1, "name": "yotei"}],
                "issues": [
                    {"id": 10 + number, "repository_url": api, "labels": [], **more}
                    for number, more in enumerate(({}, {}, {"pull_request": {"url": f"{api}/pulls/3"}}))
                ],
                "deployments": [{"id": 20, "url": f"{api}/deployments/20", "environment": "本番"}],
            },
            "intercom": {"conversations": [{"id": "1", "tags": {"tags": [{"name": "請求書"}]}}]},
            "hubspot": {
                "deals": [
                    {"id": str(number), "properties": {"dealtype": kind}}
                    for number, kind in enumerate(("新規", "更新"))
                ]
            },
            "mixpanel": {
                "events": [{"event": "請求書を送信", "properties": {"distinct_id": "u", "time": 1}}]
            },
        },
    )
    folder = discovered(Home(tmp_path / "home"), env)
    registry = load_registry(folder)
    assert {each.id: each.values for each in registry.delivery}["issue_repositories"] == ["yotei"]
    assert {each.id: each.renewal_deals for each in registry.sources if each.id == "hubspot"} == {
        "hubspot": ["更新"]
    }
    delivery, teams, features = (
        (folder / f"{name}.yml").read_text(encoding="utf-8") for name in ("delivery", "teams", "features")
    )
    assert "# `yotei`, 2 issues; no other tracker was read" in delivery
    assert "# - {id: production_environments, values: [本番]}" in delivery
    assert '# - {id: yotei, name: yotei, owner: "team:produit", repositories: [yotei]}' in teams
    assert "ticket_tags: [請求書]" in features


def test_what_posthog_calls_things_is_found_in_its_groups_persons_and_questions(tmp_path: Path) -> None:
    tools = ("hubspot", "posthog_eu")
    make_folder(tmp_path, Answers("Écran", "Europe/Paris", "monday", "EUR", "en", "team:produit", tools))
    records = company()
    sent = [
        {
            "event": each["event"],
            "distinct_id": each["properties"]["distinct_id"],
            "timestamp": "2026-11-02T09:00:00.000000Z",
            "properties": {"$groups": {"espace": each["properties"]["workspace_id"]}},
            "person_properties": {"courriel": each["properties"]["courriel"]},
        }
        for each in records["mixpanel"]["events"]
    ]
    asked = [
        {"id": "q1", "type": "open"},
        {"id": "q2", "type": "rating", "scale": 10},
        {"id": "q3", "type": "rating", "scale": 5},
    ]
    posthog = {
        "events": [
            *sent,
            {"event": "survey sent", "properties": {"$survey_id": "s-1"}},
            {"event": "$pageleave"},
        ],
        "surveys": [{"id": "s-1", "name": "Avis", "questions": asked}],
    }
    write_raw(tmp_path / "home", {"hubspot": records["hubspot"], "posthog_eu": posthog})
    folder = discovered(Home(tmp_path / "home"), {"POPS_REGISTRY_DIR": str(tmp_path / "registry")})
    [entry, *_] = yaml.safe_load((folder / "sources.yml").read_text())["sources"]
    assert entry == {
        "id": "posthog_eu", "account": {"group": "espace"}, "email": {"user_property": "courriel"},
    }  # fmt: skip
    surveys = (folder / "surveys.yml").read_text()
    assert (
        'tool: posthog, form: "posthog_eu:s-1", kind: nps, scale: {min: 0, max: 10}, wave: month, score: q2, comment: q1}'
        in surveys
    )
    assert "survey sent" not in (folder / "features.yml").read_text()
