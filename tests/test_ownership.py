"""Whose project or repository it was on a day: the models beside plain Python that walks the registry's entries."""

import itertools
import json
import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.errors import InvalidRegistry
from connectors.registry.files import load_registry
from connectors.runner import run_source
from tests.sql_macros import connected, model_sql

AS_OF = date(2026, 11, 16)
FIRST = date(2026, 9, 1)
DAYS = (AS_OF - FIRST).days
TEAMS = ("atlas", "boreas", "cosmos", "draco")
SEEDS = range(12)


def written(chance: random.Random, name: str, teams: dict[str, list[Any]]) -> None:
    """Give a thing to one team after another, with gaps, as a registry would say it."""
    days = sorted(chance.sample(range(1, DAYS), chance.choice([0, 1, 2, 3])))
    edges = [None, *(FIRST + timedelta(days=each) for each in days), None]
    for first, after in itertools.pairwise(edges):
        if chance.random() < 0.2:
            continue
        entry = {"name": name}
        if first is not None:
            entry["from"] = first.isoformat()
        if after is not None:
            entry["to"] = (after - timedelta(days=chance.choice([1, 1, 3]))).isoformat()
        if entry.get("to", "9999") < entry.get("from", ""):
            continue
        teams[chance.choice(TEAMS)].append(name if len(entry) == 1 and chance.random() < 0.7 else entry)


def owner(teams: dict[str, list[Any]], name: str, day: date) -> str:
    """The oracle: the team one of whose entries names the thing and holds the day."""
    for team, entries in teams.items():
        for entry in entries:
            given = {"name": entry} if isinstance(entry, str) else entry
            if given["name"].lower() == name.lower() and (
                given.get("from", "") <= day.isoformat() <= given.get("to", "9999")
            ):
                return team
    return "(unknown)"


@pytest.mark.parametrize("seed", SEEDS)
def test_everything_belongs_to_who_owned_its_project_on_its_day(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    projects, repositories = ("ATL", "BOR"), ("Web", "api")
    held: dict[str, dict[str, list[Any]]] = {
        "jira_projects": {team: [] for team in TEAMS},
        "repositories": {team: [] for team in TEAMS},
    }
    for key in projects:
        written(chance, key, held["jira_projects"])
    for name in repositories:
        written(chance, name, held["repositories"])

    def some_day() -> date:
        return FIRST + timedelta(days=chance.randrange(DAYS))

    with connected() as connection:
        connection.execute(
            "create table stg_registry__teams (team_id text, jira_projects text, repositories text)"
        )
        for team in TEAMS:
            connection.execute(
                "insert into stg_registry__teams values (?, ?, ?)",
                [team, *(json.dumps(held[kind][team]) for kind in ("jira_projects", "repositories"))],
            )
        connection.execute(
            """
            create table stg_jira__projects as select * from (values ('1', 'ATL', false), ('2', 'BOR', false)) as p(project_id, project_key, is_deleted);
            create table stg_jira__project_keys as select project_id, project_key from stg_jira__projects;
            create table stg_jira__issue_versions (project_id text, project_key text);
            create table int_delivery__repository_names as
                select * from (values ('web', 'web'), ('api', 'api')) as n(name, repository);
            create table int_delivery__tracker_issues (source text, issue_id text, project_id text, project_key text)
            """
        )
        issues = [(str(number), chance.choice(projects), some_day()) for number in range(40)]
        for number, key, _ in issues:
            # Of half of them the record names the project by its key alone.
            project = {"ATL": "1", "BOR": "2"}[key] if int(number) % 2 else None
            connection.execute(
                "insert into int_delivery__tracker_issues values ('jira', ?, ?, ?)", [number, project, key]
            )
        for model in (
            "stg_registry__team_projects", "stg_registry__team_repositories", "int_delivery__project_teams",
            "int_delivery__repository_teams", "int_delivery__issue_teams",
        ):  # fmt: skip
            sql = model_sql(model, as_of=AS_OF.isoformat())
            connection.execute(f"create table {model} as {sql}")
        for number, key, day in issues:
            found = connection.execute(
                "select team_id from int_delivery__issue_teams where issue_id = ? and ? between owned_from and owned_to",
                [number, day],
            ).fetchall()
            expected = owner(held["jira_projects"], key, day)
            assert [team for (team,) in found] == ([] if expected == "(unknown)" else [expected]), (key, day)
        _deployments(
            connection, held["repositories"], [(chance.choice(repositories), some_day()) for _ in range(40)]
        )


def test_a_feature_is_of_the_team_of_the_day(tmp_path: Path) -> None:
    (tmp_path / "organisation.yml").write_text(ORGANISATION)
    (tmp_path / "products.yml").write_text("products: [{id: p, name: P, owner: 'team:a'}]\n")
    (tmp_path / "teams.yml").write_text(
        "teams: [{id: a, name: A, owner: 'team:a'}, {id: b, name: B, owner: 'team:b'}]\n"
    )
    passed_on = "[{name: a, to: 2026-10-31}, {name: b, from: 2026-11-02}]"
    of_feature = "{{id: {}, name: F, product: p, team: {}, live_from: 2026-01-01}}"
    (tmp_path / "features.yml").write_text(
        f"features: [{of_feature.format('one', 'a')}, {of_feature.format('two', passed_on)}]\n"
    )
    first, second = load_registry(tmp_path).features
    days = [date(2026, 10, 31), date(2026, 11, 1), date(2026, 11, 2)]
    assert [first.team_on(day) for day in days] == ["a", "a", "a"]
    assert [second.team_on(day) for day in days] == ["a", None, "b"]
    moment = datetime(2026, 11, 16, tzinfo=UTC)
    done = run_source("registry", tmp_path, moment, moment, env={"POPS_REGISTRY_DIR": str(tmp_path)})
    assert done.outcome == "ok", done.error
    with connected() as connection:
        connection.execute(f"attach '{tmp_path / 'raw' / 'registry.duckdb'}' as registry (read_only)")
        features = model_sql("stg_registry__features").replace("raw_registry.", "registry.raw_registry.")
        connection.execute(f"create table stg_registry__features as {features}")
        sql = model_sql("stg_registry__feature_teams", as_of=AS_OF.isoformat())
        for feature in (first, second):
            for day in days:
                found = connection.execute(
                    f"select team_id from ({sql}) where feature_id = ? and ? between owned_from and owned_to",
                    [feature.id, day],
                ).fetchone()
                assert (found[0] if found else None) == feature.team_on(day)


def _deployments(connection: Any, owned: dict[str, list[Any]], deployed: list[tuple[str, date]]) -> None:
    """Deployments late in the evening, which in Berlin is the day after."""
    connection.execute(
        """
        create table stg_github__deployments (deployment_id text, repository text, environment_original text, commit_sha text, created_at timestamp);
        create table stg_github__deployment_statuses (deployment_id text, deployment_state text, created_at timestamp, status_id text);
        create table stg_github__workflow_runs (repository text, commit_sha text, committed_at timestamp);
        create table stg_registry__delivery_rules (rule_id text, name text);
        create table int_delivery__pull_requests (repository text, merge_commit_sha text, merged_at timestamp)
        """
    )
    for number, (name, day) in enumerate(deployed):
        moment = datetime.combine(day, datetime.min.time()) + timedelta(hours=23, minutes=30)
        connection.execute(
            "insert into stg_github__deployments values (?, ?, 'production', 'sha', ?)",
            [str(number), name.lower(), moment - timedelta(days=9)],
        )
        connection.execute(
            "insert into stg_github__deployment_statuses values (?, 'success', ?, '1')", [str(number), moment]
        )
    rows = connection.execute(
        f"select deployment_id, team_id from ({model_sql('int_delivery__deployments', as_of=AS_OF.isoformat())})"
    ).fetchall()
    found = {each.removeprefix("github:deployment:"): team for each, team in rows}
    for number, (name, day) in enumerate(deployed):
        assert found[str(number)] == owner(owned, name, day + timedelta(days=1)), (name, day)


ORGANISATION = "organisation:\n  - {id: o, name: O, reporting_time_zone: UTC, week_starts_on: monday}\n"


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        (
            "WEB",
            "WEB",
            "is listed twice. If it passed from one team to the other, write `{name: WEB, to: DAY}`",
        ),
        (
            "WEB",
            "{name: WEB, from: 2026-11-02}",
            "`WEB` is of `a` and of `b` on 2026-11-02: write `to: 2026-11-01` at `a`.",
        ),
        (
            "{name: WEB, to: 2026-11-05}",
            "{name: web, from: 2026-11-02}",
            "of `a` and of `b` on 2026-11-02: write `to: 2026-11-01` at `a`.",
        ),
        ("{name: WEB, from: 2026-11-05, to: 2026-11-02}", "API", "`to` is before `from`"),
        ("{name: WEB, since: 2026-11-05}", "API", "`since`"),
    ],
)
def test_what_two_teams_own_at_once_is_refused(tmp_path: Path, first: str, second: str, told: str) -> None:
    (tmp_path / "organisation.yml").write_text(ORGANISATION)
    (tmp_path / "teams.yml").write_text(
        "teams:\n"
        f"  - {{id: a, name: A, owner: 'team:a', jira_projects: [{first}]}}\n"
        f"  - {{id: b, name: B, owner: 'team:b', jira_projects: [{second}]}}\n"
    )
    with pytest.raises(InvalidRegistry) as caught:
        load_registry(tmp_path)
    assert told in str(caught.value)
    assert (caught.value.place or "").startswith("teams.yml:")


def test_a_feature_of_two_teams_on_a_day_is_refused(tmp_path: Path) -> None:
    (tmp_path / "organisation.yml").write_text(ORGANISATION)
    (tmp_path / "features.yml").write_text(
        "features:\n  - {id: f, name: F, product: p, live_from: 2026-01-01,"
        " team: [{name: b, from: 2026-11-01}, {name: a, to: 2026-11-01}]}\n"
    )
    with pytest.raises(InvalidRegistry) as caught:
        load_registry(tmp_path)
    told = " ".join(caught.value.problems)
    assert "names the team `b`, which teams.yml does not have" in told
    assert "`f` is of `a` and of `b` on the same day: end the one with `{name: a, to: DAY}`" in told


def test_a_project_passes_from_one_team_to_the_next_on_a_day(tmp_path: Path) -> None:
    (tmp_path / "organisation.yml").write_text(ORGANISATION)
    (tmp_path / "teams.yml").write_text(
        "teams:\n"
        "  - {id: a, name: A, owner: 'team:a', jira_projects: [{name: WEB, to: 2026-11-01}, API]}\n"
        "  - {id: b, name: B, owner: 'team:b', jira_projects: [{name: WEB, from: 2026-11-02}]}\n"
    )
    assert [len(each.jira_projects) for each in load_registry(tmp_path).teams] == [2, 1]


@pytest.mark.parametrize(
    ("products", "told"),
    [
        (("{id: a, formerly: [b]}", "{id: b}"), "`a` was formerly `b`, but products.yml still has `b`"),
        (("{id: a, formerly: [b]}", "{id: b, formerly: [a]}"), "`b` was formerly `a`, but products.yml still has `a`"),
        (("{id: a, formerly: [x]}", "{id: b, formerly: [x]}"), "`x` is the former id of `a` and of `b`"),
        (("{id: a, formerly: [a]}", "{id: b}"), "`a` is called so now"),
    ],
    ids=["in use", "circle", "claimed twice", "itself"],
)  # fmt: skip
def test_a_rename_that_cannot_be_followed_is_refused(
    tmp_path: Path, products: tuple[str, str], told: str
) -> None:
    (tmp_path / "organisation.yml").write_text(ORGANISATION)
    entries = (each.replace("{", "{name: X, owner: 'team:a', ") for each in products)
    (tmp_path / "products.yml").write_text("products:\n" + "".join(f"  - {each}\n" for each in entries))
    with pytest.raises(InvalidRegistry) as caught:
        load_registry(tmp_path)
    assert told in " ".join(caught.value.problems)
    assert (caught.value.place or "").startswith("products.yml:")
