"""A failed dbt build is told by node and by the engine's sentence; what a record held is not in it."""

from datetime import date

from orchestration.dbt_errors import without_records
from pops.workbench.metric_diff import MetricDiff
from pops.workbench.pull_request import Change, as_markdown
from pops.workbench.workbench import Outcome

# As dagster-dbt gathers it from dbt's log, for texts of a vendor that are no JSON, or no number.
SAID = """The dbt CLI process with command

`dbt build`

failed with exit code `1`. Check the stdout in the Dagster compute logs for the full information about the error.

Errors parsed from dbt logs:

  Runtime Error in model int_feedback__notes (models/intermediate/feedback/int_feedback__notes.sql)
  Invalid Input Error: Malformed JSON at byte 1 of input: unexpected character.  Input: "[x] anna@company.example
  and on the next line Anna Schmidt
  Payment Error: of Anna's own telling"

  LINE 31:         where 'anna' = name

  Database Error in model fct_deal (models/marts/fct_deal.sql)
  Conversion Error: Could not convert string 'anna@company.example' to INT32
  compiled code at target/run/fct_deal.sql

  Failure in test assert_every_ticket_has_an_account_or_a_reason (tests/assert.sql)
  Got 3 results, configured to fail if != 0

  Compilation Error in model stg_x (models/staging/stg_x.sql)
  Binder Error: Referenced column "plan_name" not found in FROM clause!
"""


def test_a_failed_build_names_nodes_and_reasons_and_no_values() -> None:
    told = without_records(SAID)
    assert "anna" not in told.casefold()
    for part in (
        "failed with exit code",
        "model int_feedback__notes (models/intermediate/feedback/int_feedback__notes.sql)",
        "Malformed JSON at byte 1 of input: unexpected character.",
        "model fct_deal",
        "Could not convert string … to INT32",
        "test assert_every_ticket_has_an_account_or_a_reason",
        "Got 3 results",
        'column "plan_name" not found',
    ):
        assert part in told


def test_a_build_that_never_reached_a_node_keeps_its_reason() -> None:
    told = without_records("dbt failed.\n\nEnv var required but not provided: POPS_HOME")
    assert "Env var required but not provided: POPS_HOME" in told


def test_a_comment_for_a_pull_request_names_the_model_and_no_values() -> None:
    message = "Runtime Error in model fct_deal (models/fct_deal.sql)\n  Conversion Error: Could not convert string 'anna' to INT32"
    failed = Outcome("model.product_ops.fct_deal", "fct_deal", "model", "error", message, "select 1")
    comment = as_markdown(Change(date(2026, 11, 16), ("fct_deal",), (), (), (), {}, (), (failed,)))
    assert "fct_deal: `Conversion Error: Could not convert string … to INT32`" in comment
    assert "anna" not in comment


def test_what_a_tools_user_wrote_calls_nobody_in_a_pull_request() -> None:
    example = "2026-11-09 segment @octocat | `x` [y](http://x.example) #1: 1 → 2"
    changed = MetricDiff("tickets_created", 3, 0, 0, 1, example)
    comment = as_markdown(Change(date(2026, 11, 16), ("fct_deal",), (), (), (), {}, (changed,), ()))
    [row] = [line for line in comment.splitlines() if "@octocat" in line]
    assert row.endswith(r"| `2026-11-09 segment @octocat \| 'x' [y](http://x.example) #1: 1 → 2` |")
