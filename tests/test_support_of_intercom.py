"""Support from Intercom alone: the mart's numbers are those that the company itself knows, as with any other desk.

With two desks that show the same tickets, each of them is there once.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from connectors.runner import prepare_raw, run_source
from orchestration.metric_values import append_metric_values
from sandbox.company import Company
from sandbox.credentials import environment
from sandbox.running import running_app
from sandbox.server import create_app
from sandbox.serving import SandboxState
from sandbox.truth.support import truth_rows
from sandbox.work_time import midnight
from tests.nights import NIGHTS, PSEUDONYM_KEY, night_moment
from tests.vendor_reading import HISTORY_START

PROJECT = Path(__file__).resolve().parent.parent / "dbt_project"
AS_OF = NIGHTS[-1]
PACE = 6000.0
# Needs the users of a product analytics tool too, which is not read here.
OF_OTHERS = {"contact_rate"}
GROUPS = ("metric", "period_start", "feature_id", "segment")


def built(home: Path, desks: tuple[str, ...], nights: Sequence[date] = NIGHTS) -> Path:
    """The warehouse after the last of some nights, with everything that support's metrics need and nothing more."""
    vendors = (*desks, "hubspot")
    prepare_raw(home)
    sandbox = SandboxState(Company.create("small"), night_moment(nights[0]), pace=PACE, only=vendors)
    with running_app(create_app(sandbox)) as base_url:
        for night in nights:
            sandbox.now = night_moment(night)
            for source in (*vendors, "registry"):
                run = run_source(
                    source, home, sandbox.now, HISTORY_START, environment(base_url, PACE, vendors)
                )
                assert run.outcome == "ok", run.error
    models = ["+fct_ticket", "+fct_ticket_rating", "+fct_ticket_status", "+dim_date", "+dim_account"]
    done = subprocess.run(
        [
            sys.executable, "-m", "dbt.cli.main", "build", "--project-dir", str(PROJECT),
            "--profiles-dir", str(PROJECT), "--target-path", str(home / "dbt"), "--log-path", str(home / "dbt"),
            "--vars", f"{{as_of: {AS_OF}}}", "--indirect-selection", "cautious", "--exclude-resource-type", "unit_test",
            "--select", *models, "int_support__coverage", "staging.registry",
        ],
        env=os.environ
        | {"POPS_HOME": str(home), "POPS_PSEUDONYM_KEY": PSEUDONYM_KEY, "DO_NOT_TRACK": "1"},
        # The profile looks up its plugin from here.
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    return home / "warehouse.duckdb"


def metrics_of_support(home: Path, names: set[str]) -> Path:
    """The project's manifest, of which the other metrics are not published."""
    manifest = json.loads((home / "dbt" / "semantic_manifest.json").read_text())
    for metric in manifest["metrics"]:
        if metric["name"] not in names:
            metric["config"]["meta"].pop("grain", None)
    path = home / "support.json"
    path.write_text(json.dumps(manifest))
    return path


def rows(warehouse: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(warehouse)) as connection:
        return connection.execute(sql).fetchall()


def test_metrics_of_support_equal_the_truth(tmp_path: Path) -> None:
    expected = {
        tuple(row[name] for name in GROUPS): row
        for row in truth_rows(Company.create("small"), AS_OF)
        if row["metric"] not in OF_OTHERS
    }
    names = {key[0] for key in expected}
    assert {"one_touch_rate", "ticket_csat_rate", "ticket_csat_response_rate"} <= names
    warehouse = built(tmp_path, ("intercom",))
    manifest = metrics_of_support(tmp_path, names)
    append_metric_values(warehouse, manifest, AS_OF, HISTORY_START.date())
    first = min(key[1] for key in expected)
    published = rows(
        warehouse,
        f"select {', '.join(GROUPS)}, numerator, denominator, value from metrics.metric_values "
        f"where is_current and period_start >= date '{first}'",
    )
    found = {row[: len(GROUPS)]: row[len(GROUPS) :] for row in published}
    assert sorted(map(str, found.keys() ^ expected.keys())) == []
    wrong = [
        (key, name, row[name], value)
        for key, row in expected.items()
        for name, value in zip(("numerator", "denominator", "value"), found[key], strict=True)
        if row[name] is not None and value != pytest.approx(row[name], rel=1e-9, abs=1e-9)
    ]
    assert wrong == []
    assert rows(warehouse, "select distinct source from marts.fct_ticket") == [("intercom",)]


def test_tickets_that_two_desks_show_are_there_once(tmp_path: Path) -> None:
    warehouse = built(tmp_path, ("zendesk", "intercom"), NIGHTS[-1:])
    tickets = [each for each in Company.create("small").support.tickets if each.created_at < midnight(AS_OF)]
    assert rows(
        warehouse, "select source, count(*), count(distinct ticket_id) from marts.fct_ticket group by 1"
    ) == [("zendesk", len(tickets), len(tickets))]
    assert rows(warehouse, "select distinct source from marts.fct_ticket_rating") == [("zendesk",)]
    ((shown,),) = rows(
        warehouse,
        "select counted from intermediate.int_support__coverage where check_name = 'tickets_kept_in_another_tool'",
    )
    # What was deleted before Intercom was first read is known to the other desk only.
    assert len(tickets) - 20 < shown <= len(tickets)
