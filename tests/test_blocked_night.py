"""A blocked night says what and where, in the same words in terminal, report, alerts and UI: through a real run of dbt."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from io import StringIO
from pathlib import Path
from textwrap import dedent

import dagster as dg
import duckdb
import pytest
from dagster_dbt import DbtProject
from rich.console import Console

from checks.blockers import Blocker, engine_message, of_dbt
from checks.words import model_remedy
from orchestration.alerts import present_facts
from orchestration.assets.dbt import build_dbt_assets
from orchestration.dbt_calls import parse
from orchestration.evaluations import blockers
from orchestration.jobs import tell_readers
from orchestration.night_run import NightResult
from pops.night import tell
from reports.alert import alert_post
from reports.files import withheld_reasons
from reports.health import render
from sandbox.serving.environment import environment as sandbox_environment
from settings.home import Home
from settings.links import Links
from tests.nights import PSEUDONYM_KEY
from tests.reports_fixture import report

PERSON = "ann.smith@acme.example"
FILES = {
    "dbt_project.yml": "{name: small, profile: small, config-version: 2, models: {+materialized: table}}",
    "profiles.yml": """
        small:
          target: here
          outputs:
            here:
              type: duckdb
              path: "{{ env_var('POPS_HOME') }}/warehouse.duckdb"
              attach: [{path: "{{ env_var('POPS_HOME') }}/raw/zendesk.duckdb", alias: zendesk, read_only: true}]
        """,
    "models/staging/zendesk/models.yml": """
        sources:
          - {name: raw_zendesk, database: zendesk, schema: raw_zendesk, tables: [{name: tickets}]}
        models:
          - name: stg_zendesk__tickets
            columns: [{name: answer, data_tests: [not_null]}]
        """,
    "models/staging/zendesk/stg_zendesk__tickets.sql": """
        select ticket_id, answer from {{ source('raw_zendesk', 'tickets') }}
        """,
    "models/marts/core/fct_ticket.sql": """
        select ticket_id, cast(requester as integer) as requester_number
        from {{ source('raw_zendesk', 'tickets') }}
        """,
}
TEST = (
    "staging/zendesk/stg_zendesk__tickets, check not_null_stg_zendesk__tickets_answer (made of zendesk): "
    "Every row of stg_zendesk__tickets has answer. Observed: 7 rows. "
    "Rows, by redacted key: zendesk…0000, zendesk…0001, zendesk…0002, zendesk…0003, "
    "zendesk…0004. What to do: Look up the failing keys in the vendor's tool."
)
MODEL = "marts/core/fct_ticket, model fct_ticket (made of zendesk): Conversion Error: Could not convert string … to INT32"


@dataclass(frozen=True)
class Blocked:
    """What a night left that could not be published."""

    home: Home
    instance: dg.DagsterInstance
    run_id: str

    @property
    def sentences(self) -> list[str]:
        return [each.sentence for each in blockers(self.instance, self.run_id)]


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Blocked]:
    """A night of a small project: one test finds seven rows, one model cannot take a value."""
    folder, home = tmp_path_factory.mktemp("small"), Home(tmp_path_factory.mktemp("home"))
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(dedent(text).lstrip())
    with pytest.MonkeyPatch.context() as environment, dg.DagsterInstance.ephemeral() as instance:
        environment.setenv("POPS_HOME", str(home.root))
        environment.setenv("POPS_PSEUDONYM_KEY", PSEUDONYM_KEY)
        for name, value in sandbox_environment("http://127.0.0.1:1", only=["zendesk"]).items():
            environment.setenv(name, value)
        for path in (home.dbt_target, home.published.parent, home.root / "raw"):
            path.mkdir(parents=True, exist_ok=True)
        with duckdb.connect(str(home.root / "raw" / "zendesk.duckdb")) as raw:
            raw.execute("create schema raw_zendesk")
            raw.execute(
                "create table raw_zendesk.tickets as select 'zendesk:ticket:1000' || i as ticket_id, ? as requester, "
                "case when i >= 7 then 'yes' end as answer from range(9) as numbers(i)",
                [PERSON],
            )
        project = DbtProject(folder, target_path=home.dbt_target, profiles_dir=folder)
        parse(project)
        (home.dbt_target / "manifest.stamp").write_text("one")
        job = dg.define_asset_job("nightly", executor_def=dg.in_process_executor, hooks={tell_readers})
        made = dg.Definitions(assets=[build_dbt_assets(project)], jobs=[job])
        done = made.resolve_job_def("nightly").execute_in_process(instance=instance, raise_on_error=False)
        assert not done.success
        yield Blocked(home, instance, str(done.run_id))


def test_a_test_and_a_model_say_what_where_of_which_source_and_what_to_do(night: Blocked) -> None:
    by_kind = {each.kind: each for each in blockers(night.instance, night.run_id)}
    assert by_kind.keys() == {"check", "model"}
    assert by_kind["check"].sentence.startswith(TEST)
    assert by_kind["model"].sentence.startswith(MODEL)
    assert by_kind["model"].sentence.endswith(f"What to do: {model_remedy('fct_ticket')}")
    assert len(by_kind["check"].keys) == 5
    assert by_kind["check"].owner == "team:support-operations"


@pytest.mark.parametrize(
    ("told", "is_line"),
    [
        ("TSocket read 0 bytes", True),
        ("HTTPSConnectionPool(host='x', port=443): Read timed out.", True),
        ("Conversion Error: Could not convert string 'Connection reset by peer' to INT64", False),
        ("Catalog Error: Table with name x does not exist!", False),
    ],
)
def test_a_line_that_broke_is_no_fault_of_the_model(told: str, is_line: bool) -> None:
    node = {"resource_type": "model", "name": "dim_theme", "unique_id": "model.dim_theme",
            "fqn": ["product_ops", "marts", "core", "dim_theme"], "depends_on": {"nodes": []}}  # fmt: skip
    message = f"Runtime Error in model dim_theme (models/marts/core/dim_theme.sql)\n  {told}"
    (found,) = of_dbt([("model.dim_theme", message)], {"nodes": {"model.dim_theme": node}, "sources": {}}, ())
    assert ("The line to the engine broke" in found.remedy) == is_line
    assert ("pops model dim_theme" in found.remedy) != is_line


def test_the_same_words_stand_in_terminal_report_alert_and_ui(night: Blocked) -> None:
    told = blockers(night.instance, night.run_id)
    printed = StringIO()
    result = NightResult(
        night.run_id, date(2026, 11, 16), False, (), tuple(told), ("dbt_build",), 1.0, Path("log")
    )
    tell(result, Console(file=printed, width=10_000))
    withheld = withheld_reasons(night.home)
    page = render(report(withheld=withheld))
    facts = present_facts(night.instance, datetime.now(UTC), Links(dagster=""))
    posts = [alert_post(each.title, each.lines, "", "", each.owner, False) for each in facts.problems]
    assert {(each.kind, each.subject) for each in facts.problems} == {
        ("blocked", each.owner) for each in told
    }
    for sentence in night.sentences:
        assert sentence in printed.getvalue()
        assert sentence in withheld
        assert sentence.replace("'", "&#39;") in page
        assert sum(sentence in str(blocks).replace("\\'", "'") for _, blocks in posts) == 1
    failures = night.instance.get_records_for_run(
        night.run_id, of_type=dg.DagsterEventType.STEP_FAILURE
    ).records
    event = failures[0].event_log_entry.dagster_event
    assert event is not None
    assert event.step_failure_data.user_failure_data is not None
    assert [event.step_failure_data.user_failure_data.description] == [
        each.sentence for each in told if each.kind == "model"
    ]


def test_no_value_of_a_record_is_told(night: Blocked) -> None:
    failures = night.instance.get_records_for_run(
        night.run_id, of_type=dg.DagsterEventType.STEP_FAILURE
    ).records
    everything = [*night.sentences, *withheld_reasons(night.home), *(repr(each) for each in failures)]
    assert not [text for text in everything if PERSON in text or "ann.smith" in text]


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (
            "Runtime Error in model a (models/a.sql)\n  Conversion Error: Could not convert string 'Ann, \"it''s\" me' to INT64\n\n  LINE 3: cast(x",
            "Conversion Error: Could not convert string … to INT64",
        ),
        (
            'Runtime Error in model a (models/a.sql)\n  Constraint Error: Duplicate key "mail: ann@acme.example" violates it',
            "Constraint Error: Duplicate key … violates it",
        ),
        ("Database Error in model a\n  Binder Error: Column \"b\" is not there", 'Binder Error: Column "b" is not there'),
        ("Out of memory", "Out of memory"),
    ],
)  # fmt: skip
def test_the_engines_message_is_kept_and_values_are_not(message: str, told: str) -> None:
    assert engine_message(message) == told


def test_what_is_not_known_is_left_out() -> None:
    step = Blocker("step", "audit", "it ended without saying why", "Look.", "team:platform")
    assert step.sentence == "step audit: it ended without saying why. What to do: Look."


def test_a_step_that_is_ended_from_outside_says_so() -> None:
    @dg.op
    def reading() -> None:
        raise dg.DagsterExecutionInterruptedError

    @dg.job
    def night() -> None:
        reading()

    with dg.DagsterInstance.ephemeral() as instance:
        run = night.execute_in_process(instance=instance, raise_on_error=False)
        [blocker] = blockers(instance, run.run_id)
    assert blocker.sentence.startswith(
        "step reading: it was ended from outside. What to do: Run the night again"
    )
