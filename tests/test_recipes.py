"""The recipes of CONTRIBUTING.md, walked as they stand; and what `pops model` and `pops diff` say of a planted change."""

import json
import re
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
import yaml
from typer.testing import CliRunner

from pops.cli import app
from tests.engineer_copy import AS_OF, ROOT, EngineerCopy

_BLOCK = re.compile(r"^ *```(?P<language>\w+)(?P<place>[^\n]*)\n(?P<text>.*?)^ *```$", re.M | re.S)
RECIPES = (
    "A source",
    "A mart or intermediate model",
    "A check",
    "A metric",
    "A feature of the registry",
    "A column",
)
# Prints what the chain of models makes of a record with the field that the recipe adds.
_CARRIED = """
from tests.column_chain import column_of
print(column_of("risk", {"customfield_10099": {"value": "High"}}))
"""


@dataclass(frozen=True)
class Block:
    """A code block of a recipe; `file`: where it is written ("": it is run), before the text `before`, or at the end."""

    text: str
    file: str
    before: str


def recipe_of(name: str) -> str:
    """The text under a recipe's heading."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    found = re.search(rf"^## \d+\. {name}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    assert found, name
    return found[1]


def blocks_of(recipe: str) -> list[Block]:
    """The blocks under a recipe's heading, without the indentation of the list that they stand in."""
    return [_block(match) for match in _BLOCK.finditer(recipe_of(recipe))]


def _block(match: re.Match[str]) -> Block:
    place = dict(part.split("=", 1) for part in shlex.split(match["place"]))
    depth = len(match[0]) - len(match[0].lstrip(" "))
    lines = [line[depth:] for line in match["text"].splitlines()]
    assert bool(place) != (match["language"] == "sh"), match[0]
    return Block("\n".join(lines), place.get("file", ""), place.get("before", "").replace("\\n", "\n"))


def write(project: EngineerCopy, block: Block) -> None:
    file = project.root / block.file
    text = file.read_text()
    if not block.before:
        file.write_text(f"{text.rstrip()}\n{block.text}\n")
        return
    assert text.count(block.before) == 1, f"{block.file} has not once {block.before!r}"
    glue = "" if block.text.endswith(" ") else "\n"
    file.write_text(text.replace(block.before, f"{block.text}{glue}{block.before}"))


def walk(project: EngineerCopy, recipe: str) -> list[str]:
    """Do what a recipe says; what its commands printed."""
    printed = []
    for block in blocks_of(recipe):
        if block.file:
            write(project, block)
            continue
        for line in block.text.splitlines():
            if line.startswith("pops model") and not project.home.exists():
                project.keep_a_night()
            done = project.run(*shlex.split(line))
            assert done.returncode == 0, f"{line}\n{done.stdout[-4000:]}{done.stderr[-3000:]}"
            printed.append(done.stdout)
    return printed


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> EngineerCopy:
    return EngineerCopy.create(tmp_path_factory.mktemp("engineer"))


def test_every_recipe_is_walked() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    assert tuple(re.findall(r"^## \d+\. (.*)$", text, re.M)) == RECIPES
    assert all(blocks_of(recipe) for recipe in RECIPES)


def test_a_source_is_written_and_keeps_the_contract(project: EngineerCopy) -> None:
    written, tried, built, shown, kept = walk(project, "A source")
    files = [line for line in written.splitlines() if (project.root / line).is_file()]
    assert "connectors/acme_desk/source.py" in files
    recipe = recipe_of("A source")
    assert [file for file in files if f"`{file}`" not in recipe and not file.endswith("__init__.py")] == []
    for output in (tried, shown, kept):
        assert " passed" in output
        assert "failed" not in output
    assert "stg_acme_desk__tickets" in built
    definitions = json.loads((project.root / "tests" / "definitions.json").read_text())
    assert "raw/acme_desk/tickets" in json.dumps(definitions)


def test_a_model_is_written_built_and_shown(project: EngineerCopy) -> None:
    _, built, conventions = walk(project, "A mart or intermediate model")
    assert re.search(r"2026-11-02\s+1\b", built)
    assert re.search(r"2026-11-09\s+3\b", built)
    assert "2 rows (not in the last night)" in " ".join(built.split())
    assert " passed" in conventions


def test_a_check_is_written_and_passes(project: EngineerCopy) -> None:
    _, built = walk(project, "A check")
    assert re.search(r"pass +test +assert_every_ticket_week_has_tickets", built)
    source = (project.root / "checks" / "suites.py").read_text()
    query = re.search(r'"(select week_start, row_count .*)"', source)
    assert query
    with duckdb.connect(str(project.home / "workbench" / "work.duckdb")) as connection:
        counted = connection.execute(f"select sum(row_count) from ({query[1]})", {"as_of": AS_OF}).fetchall()
    assert counted == [(4,)]


def test_a_metric_is_defined_explained_and_computed(project: EngineerCopy) -> None:
    registry, difference = walk(project, "A metric")
    assert "registry   ok" in registry
    assert "`tickets_solved_share`" in difference
    # Two of the three tickets of the second week, and the one of the first, are solved; by feature there are three more.
    assert re.search(
        r"\| tickets_solved_share \| 5 \| 0 \| 5 \| 0 \| `2026-11-09 all: none → 0.6667` \|", difference
    )
    assert "| mart_ticket_week | new | 2 | 2 | 0 | 0 |" in difference


def test_a_feature_is_valid(project: EngineerCopy) -> None:
    assert "registry   ok" in walk(project, "A feature of the registry")[0]


def test_a_column_comes_from_the_record_to_the_fact(tmp_path: Path) -> None:
    """In a copy of its own: the models that it edits hang on more than the night of the others holds."""
    project = EngineerCopy.create(tmp_path)
    edited = {block.file for block in blocks_of("A column") if block.file}
    assert len(edited) == 4
    assert " passed" in walk(project, "A column")[0]
    done = project.run(sys.executable, "-c", _CARRIED)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "[('github:issue:4', None), ('7', 'High')]\n"
    columns = yaml.safe_load((project.root / "dbt_project/models/marts/core/fct_issue.yml").read_text())
    assert "risk" in [column["name"] for column in columns["models"][0]["columns"]]
    _keeps_the_rules_of_style(project)


def test_what_the_recipes_wrote_keeps_the_rules_of_style(project: EngineerCopy) -> None:
    _keeps_the_rules_of_style(project)


def _keeps_the_rules_of_style(project: EngineerCopy) -> None:
    for command in (
        ("ruff", "check"),
        ("ruff", "format", "--check"),
        ("yamllint", "--strict", "sandbox/registry", "connectors/registry", "dbt_project/models"),
    ):
        done = project.run(*command)
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_planted_change_is_told_by_rows_columns_and_metrics(project: EngineerCopy) -> None:
    model = project.root / "dbt_project" / "models" / "marts" / "core" / "fct_ticket_rating.sql"
    ratings = "ref('int_support__ratings')"
    spoilt = "* replace (case when rating_id = 'r1' then 'bad' else score end as score)"
    planted = model.read_text().replace(ratings, f'"(select {spoilt} from " ~ {ratings} ~ ") as spoilt"')
    assert planted != model.read_text()
    model.write_text(planted)
    done = project.run("pops", "diff")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "- Edited: `fct_ticket_rating`" in done.stdout
    assert "| fct_ticket_rating | 4 | 4 | 0 | 0 | 1 | `score` (1) |" in done.stdout
    # Of four ratings, three were good and now two are; for all, and for the one feature.
    assert "| ticket_csat_rate | 2 | 2 | 0 | 0 | `2026-11-09 all: 0.75 → 0.5` |" in done.stdout
    assert "Same numbers as before" not in done.stdout


def test_a_model_that_breaks_its_tests_says_which_rows(project: EngineerCopy) -> None:
    model = project.root / "dbt_project" / "models" / "marts" / "product" / "mart_ticket_week.sql"
    model.write_text(model.read_text().replace("count(*) as row_count", "count(*) - 1 as row_count"))
    done = project.run("pops", "model", "mart_ticket_week")
    assert done.returncode == 1
    assert re.search(r"fail +test +assert_every_ticket_week_has_tickets", done.stdout)
    assert re.search(r"2026-11-02\s+0\b", done.stdout)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("pops new source Acme --family crm", "'Acme' is no name of a source"),
        ("pops new source zendesk --family support", "There is a source zendesk already"),
        (
            "pops new source acme --family desks",
            "There is no family 'desks': choose one of product_analytics, crm",
        ),
        ("pops new model tickets --reads fct_ticket --date created_date", "does not say its layer"),
        ("pops new model stg_x__y --reads fct_ticket --date created_date", "belongs to a source"),
        ("pops new model fct_ticket --reads dim_date --date date_day", "There is a model fct_ticket already"),
        (
            "pops new model mart_a_week --reads fct_tickets --date created_date",
            "There is no model 'fct_tickets'",
        ),
        ("pops new check tickets_ok --model fct_ticket --wrong false", "is no sentence"),
        ("pops model mart_delivery_weak", "No night is kept in"),
        ("pops diff", "No night is kept in"),
    ],
    ids=lambda value: value if value.startswith("pops") else "",
)
def test_a_refusal_is_one_clear_sentence_and_writes_nothing(tmp_path: Path, command: str, said: str) -> None:
    done = CliRunner().invoke(app, shlex.split(command)[1:], env={"POPS_HOME": str(tmp_path / "home")})
    assert done.exit_code == 1
    assert isinstance(done.exception, SystemExit)
    assert said in " ".join(done.output.split())
    assert not (tmp_path / "home").exists()
