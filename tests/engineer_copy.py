"""A copy of the project that recipes may write into, and the home of a made-by-hand night to build on."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from itertools import takewhile
from pathlib import Path

from tests.metric_warehouse import create_warehouse, execute, insert
from tests.nights import PSEUDONYM_KEY

ROOT = Path(__file__).resolve().parent.parent
AS_OF, FIRST_DAY = date(2026, 11, 16), date(2026, 10, 26)
_LEFT_BEHIND = (
    ".git",
    ".venv",
    "data",
    "target",
    "logs",
    "__pycache__",
    ".*_cache",
    "*.egg-info",
    "docs",
    "*.lock",
)
# Tickets: id, feature, created, solved. Two weeks, the second with two of three solved.
_TICKETS = [
    ("t1", "board", date(2026, 11, 2), date(2026, 11, 3)),
    ("t2", "board", date(2026, 11, 9), date(2026, 11, 12)),
    ("t3", "board", date(2026, 11, 10), None),
    ("t4", "reports", date(2026, 11, 15), date(2026, 11, 15)),
]
# Ratings of the week of 2026-11-09: three good ones of four.
_SCORES = {"r1": "good", "r2": "good", "r3": "good", "r4": "bad"}
# What the night leaves is the manifest of the workbench, as if the warehouse had been built from it.
_KEEP = """
import json, sys
from datetime import date
from settings.home import Home
from publication.kept_night import keep_night
from metrics.engine import MetricEngine
from metrics.values import append_metric_values
from pops.workbench.workbench import Workbench
home = Home.from_environment().prepare()
as_of, first_day = (date.fromisoformat(each) for each in sys.argv[1:])
(home.dbt_target / "manifest.json").write_text("{}")
variables = json.dumps({"reporting_time_zone": "Europe/Berlin"})
keep_night(home, as_of, first_day, variables)
bench = Workbench(home, print)
bench.prepare()
bench.manifest.write(str(home.dbt_target / "manifest.json"))
text = (home.dbt_target / "manifest.json").read_text()
text = text.replace('"database": "work"', '"database": "warehouse"').replace('\\\\"work\\\\".', '\\\\"warehouse\\\\".')
(home.dbt_target / "manifest.json").write_text(text)
definitions = json.loads(bench.semantic_manifest().read_text())
for metric in definitions["metrics"]:
    if metric["name"] != "ticket_csat_rate":
        metric["config"]["meta"].pop("grain", None)
(home.dbt_target / "semantic_manifest.json").write_text(json.dumps(definitions))
append_metric_values(home.warehouse, MetricEngine(home.dbt_target / "semantic_manifest.json"), as_of, first_day)
keep_night(home, as_of, first_day, variables)
"""


@dataclass(frozen=True)
class EngineerCopy:
    """`root`: the project; `home`: its POPS_HOME."""

    root: Path
    home: Path

    @classmethod
    def create(cls, folder: Path) -> "EngineerCopy":
        root = folder / "project"
        shutil.copytree(ROOT, root, ignore=shutil.ignore_patterns(*_LEFT_BEHIND))
        return cls(root, folder / "home")

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """A command of a recipe, with the copy's own modules; Python's programs are those of this environment.

        As in a shell, `NAME=value` before the command is a variable of its own.
        """
        variables = dict(word.split("=", 1) for word in takewhile(lambda word: "=" in word, command))
        command = command[len(variables) :]
        modules = {"pops": "pops", "pytest": "pytest", "ruff": "ruff", "yamllint": "yamllint"}
        if command[0] in modules:
            command = (sys.executable, "-m", modules[command[0]], *command[1:])
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("POPS_", "PYTEST_"))
        }
        environment = {
            **kept,
            "PYTHONPATH": str(self.root),
            "POPS_HOME": str(self.home),
            "POPS_REGISTRY_DIR": str(self.root / "sandbox" / "registry"),
            "POPS_PSEUDONYM_KEY": PSEUDONYM_KEY,
            **variables,
        }
        return subprocess.run(
            command, cwd=self.root, env=environment, capture_output=True, text=True, timeout=500, check=False
        )

    def keep_a_night(self) -> None:
        """Leave in the home what a night leaves: a warehouse, and the manifest of the project as it is now."""
        self.home.mkdir(parents=True)
        warehouse = create_warehouse(self.home / "warehouse.duckdb", FIRST_DAY, date(2026, 11, 22))
        for ticket, feature, created, solved in _TICKETS:
            insert(warehouse, "marts.fct_ticket", [_ticket(ticket, feature, created, solved)])
        ratings = " union all ".join(
            f"select '{rating}' as rating_id, 't1' as ticket_id, 'zendesk' as source, 'a1' as account_id, 'p1' as person_id, "
            f"'board' as feature_id, 'studio' as product_id, 'smb' as segment, '{score}' as score, true as is_counted, "
            "true as is_latest, date '2026-11-09' as offered_date, date '2026-11-10' as rated_date, "
            "timestamp '2026-11-09 10:00' as offered_at, timestamp '2026-11-10 10:00' as rated_at"
            for rating, score in _SCORES.items()
        )
        execute(warehouse, f"create table intermediate.int_support__ratings as {ratings}")
        execute(warehouse, "drop table marts.fct_ticket_rating")
        execute(warehouse, "create table marts.fct_ticket_rating as from intermediate.int_support__ratings")
        # What a rating names is there.
        execute(
            warehouse, "insert into marts.dim_feature (feature_id, product_id) values ('board', 'studio')"
        )
        for kind, member in (("account", "a1"), ("person", "p1"), ("product", "studio")):
            execute(warehouse, f"create table marts.dim_{kind} as select '{member}' as {kind}_id")
        execute(warehouse, "create table marts.dim_segment as select 'smb' as segment")
        done = self.run(sys.executable, "-c", _KEEP, AS_OF.isoformat(), FIRST_DAY.isoformat())
        assert done.returncode == 0, done.stdout + done.stderr


def _ticket(ticket: str, feature: str, created: date, solved: date | None) -> tuple[object, ...]:
    return (
        ticket,
        feature,
        "smb",
        True,
        solved is not None,
        created,
        created,
        100,
        solved,
        900 if solved else None,
        solved,
    )
