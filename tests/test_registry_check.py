"""`pops check registry` against raw: what matches no record is told with the nearest that there is, what is unmapped with its share."""

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from pops.cli import app
from pops.onboarding.company_folder import Answers, make_folder
from pops.onboarding.registry_check import held_against_data, unsaid, wrong
from tests.invented_company import company, write_raw

FILES = {
    "sources": """
  - {id: mixpanel, account: {event_property: workspace_ids}}
  - {id: hubspot, account: workspace_id, plan: offre_commerciale, revenue: {property: mrr_contractuell, period: month}, renewal_deals: Renouvelement}
""",
    "teams": """
  - {id: web, name: Web, owner: "team:web", jira_projects: [WEBB], repositories: [Editeur]}
""",
    "features": """
  - id: tableaux
    name: Tableaux
    product: ecran
    team: web
    live_from: 2026-01-01
    events: [{event: Tableau Cree}, {event: Document Ouvert, where: {page: /acceuil, 'a"b': x}}]
    ticket_tags: [tableaux]
    eligible_plans: [Equipe, ENTREPRISE]
""",
    "stages": """
  - {id: build, name: Build, flow: active, statuses: [en cours]}
  - {id: released, name: Released, flow: active, statuses: [Termine, Ausgeliefert]}
""",
    "targets": """
  - {id: a, metric: on_time_rates, at_least: 0.5}
""",
    "surveys": """
  - {id: nps, name: NPS, owner: "team:web", tool: typeform, form: Recommendation, kind: nps, scale: {min: 0, max: 10}, wave: month, score: reco}
""",
    "experiments": """
  - id: bouton-vert
    name: Bouton vert
    hypothesis: Plus d'exports
    owner: "team:web"
    product: ecran
    started_on: 2026-11-01
    planned_end_on: 2026-11-30
    planned_sample: 100
    variants: [{key: a, name: A, weight: 1, is_control: true}, {key: b, name: B, weight: 1}]
    primary: {measure: adoption, change_at_least: 0.1}
    exposure: {event: Export Lance, experiment_property: essai, variant_property: bras}
""",
    "themes": """
  - {id: tables, name: Tables, tags: [tableaux, tab*], words: [tableau]}
  - {id: nothing, name: Nothing, tags: [zz*]}
""",
    "exclusions": """
  - {id: internal_email_domains, values: [ecrans.example]}
""",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_folder(
        tmp_path, Answers("Écran", "Europe/Paris", "monday", "EUR", "fr", "team:produit", ("hubspot",))
    )
    for name, text in FILES.items():
        (tmp_path / "registry" / f"{name}.yml").write_text(f"{name}:{text}")
    return tmp_path


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    write_raw(home, company())
    return home


def told(folder: Path, home: Path) -> list[str]:
    env = {"POPS_REGISTRY_DIR": str(folder / "registry")}
    assert wrong(env) == []
    return held_against_data(env, home)


def test_what_matches_nothing_is_told_with_its_line_and_the_nearest_that_there_is(
    folder: Path, home: Path
) -> None:
    matched = [
        each
        for each in told(folder, home)
        if " did you mean " in each or "has this name" in each or "begins so" in each or "published" in each
    ]
    assert sorted(matched) == [
        "exclusions.yml:2: `ecrans.example`: did you mean `ecran.example`, 4 people?",
        "experiments.yml:12: `Export Lance`: did you mean `Export Lancé`, 6 events?",
        "features.yml:7: `Tableau Cree`: did you mean `Tableau Créé`, 12 events?",
        "features.yml:7: `page: /acceuil`: did you mean `/accueil`, 40 events?",
        "features.yml:8: `tableaux`: did you mean `tableau`, 4 tickets?",
        "features.yml:9: `Equipe`: did you mean `équipe`, 7 companies?",
        "sources.yml:2: `workspace_ids`: did you mean `workspace_id`, 88 records?",
        "sources.yml:3: `Renouvelement`: did you mean `Renouvellement`, 6 deals?",
        "sources.yml:3: `mrr_contractuell`: did you mean `mrr_contractuel`, 20 records?",
        "stages.yml:3: `Ausgeliefert`: no status has this name.",
        "stages.yml:3: `Termine`: did you mean `Terminé(e)`, 18 issues?",
        "surveys.yml:2: `Recommendation`: did you mean `Fr8QmZ` (Recommandation), 30 answers?",
        "targets.yml:2: `on_time_rates` is no published metric: did you mean `on_time_rate`?",
        "teams.yml:2: `WEBB`: did you mean `WEB`, 20 issues?",
        "themes.yml:2: `tableaux`: did you mean `tableau`, 4 tickets?",
        "themes.yml:3: `zz*`: no tag begins so.",
    ]  # fmt: skip


def test_what_pages_would_show_under_one_name_is_told(folder: Path) -> None:
    teams = folder / "registry" / "teams.yml"
    env = {"POPS_REGISTRY_DIR": str(folder / "registry")}
    assert not [each for each in unsaid(env) if "one name" in each]
    teams.write_text(f'{teams.read_text()}  - {{id: web-eu, name: " web", owner: "team:web"}}\n')
    assert [each for each in unsaid(env) if "one name" in each] == [
        "teams.yml: `web` and `web-eu` have one name: readers cannot tell them apart."
    ]


def test_of_an_instance_names_are_its_own_and_an_address_is_no_name(folder: Path, home: Path) -> None:
    (folder / "registry" / "sources.yml").write_text(
        """sources:
  - {id: jira, issue_url: "https://ecran.example/browse/{key}"}
  - {id: zendesk, spam_tags: [spammed], merge_tags: [export]}
"""
    )
    assert [each for each in told(folder, home) if each.startswith("sources.yml")] == [
        "sources.yml:3: `spammed`: did you mean `spam`, 4 tickets?"
    ]


def test_questions_and_hidden_fields_are_those_of_the_form(folder: Path, home: Path) -> None:
    (folder / "registry" / "surveys.yml").write_text(
        """surveys:
  - id: nps
    name: NPS
    owner: "team:web"
    tool: typeform
    form: Fr8QmZ
    kind: nps
    scale: {min: 0, max: 10}
    wave: month
    score: recos
    comment: pourquoi
    hidden: {account: workspaces, email: courriel}
"""
    )
    assert [each for each in told(folder, home) if each.startswith("surveys.yml")] == [
        "surveys.yml:10: `recos`: did you mean `reco`?",
        "surveys.yml:12: `workspaces`: did you mean `workspace`?",
        "surveys.yml:12: `courriel`: the form has no such hidden field.",
    ]


def test_what_is_unmapped_is_told_with_its_share(folder: Path, home: Path) -> None:
    unmapped = {each.partition(":")[0]: each for each in told(folder, home) if " are " in each}
    assert unmapped["stages.yml"] == (
        "stages.yml: 4 of 5 statuses are in no stage, 89% of the issues: `Terminé(e)` (18), `À faire` (4), "
        "`En recette` (2), `Chez le client` (1)."
    )
    assert (
        "2 of 3 repositories are of no team, 50% of the pull requests: `pipelines` (5), `site` (3)"
        in " ".join(told(folder, home))
    )
    assert (
        "3 of 4 events are in no feature, funnel, activation or list of passive events, 55% of the events: "
        in unmapped["features.yml"]
    )


def test_without_raw_it_says_that_it_was_held_against_itself_alone(folder: Path, tmp_path: Path) -> None:
    assert told(folder, tmp_path / "nowhere")[-1].startswith(
        "Nothing was read yet: the registry was held against itself"
    )


def test_what_matches_nothing_warns_and_what_is_wrong_is_exit_code_1(
    folder: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POPS_REGISTRY_DIR", str(folder / "registry"))
    monkeypatch.setenv("POPS_HOME", str(home))
    printed = StringIO()
    monkeypatch.setattr("pops.cli._terminal", Console(file=printed, width=200))
    done = CliRunner().invoke(app, ["check", "registry"])
    assert done.exit_code == 0, done.output
    (folder / "registry" / "owners.yml").write_text("owners:\n  - {id: crm, owner: someone}\n")
    (folder / "registry" / "exclusions.yml").write_text(
        'exclusions:\n  - {id: internal_email_domains, values: ["@ecran.example"]}\n'
    )
    done = CliRunner().invoke(app, ["check", "registry"])
    assert done.exit_code == 1
    # What the records do not have is told beside, so that all is mended at once.
    assert "features.yml:8: `tableaux`: did you mean `tableau`" in printed.getvalue()
    assert [line.partition(": ")[0] for line in done.stderr.splitlines()] == [
        "owners.yml:2",
        "exclusions.yml:2",
    ]


def test_a_source_that_is_being_read_is_told(
    folder: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from connectors.storage import FileLocked
    from pops.onboarding import raw

    def locked(*given: object) -> None:
        raise FileLocked

    monkeypatch.setattr(raw, "attach", locked)
    with pytest.raises(ValueError, match="github is being read into raw: wait"):
        told(folder, home)
