"""The code location, loaded with nothing configured and no network: its shape is a snapshot, its diff a review."""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from sandbox.serving.environment import REGISTRY, environment
from sandbox.vendors import VENDORS
from sandbox.vendors.slack.credentials import slack_environment
from tests.parsed_project import give_parsed

# Each loads the code location in a process of its own.
pytestmark = pytest.mark.slow

# Staged for those who query staging; no number of the report is made of them.
STAGED_ONLY = {
    "vendor/github/releases",
    "vendor/hubspot/owners",
    "vendor/productboard/objectives",
    "vendor/registry/owners",
    "vendor/salesforce/users",
}
# The SQL is written by it; raw keeps what it was.
WRITTEN_BY = {"vendor/registry/sources"}
SNAPSHOT = Path(__file__).parent / "definitions.json"
_OFFLINE = """
import socket
def refuse(*_, **__):
    raise OSError("no network while definitions load")
socket.socket.connect = refuse
socket.getaddrinfo = refuse
"""
_DESCRIBE = (
    _OFFLINE
    + """
import json
from orchestration.definitions import defs
graph = defs.resolve_asset_graph()
assets = {
    "/".join(key.path): {
        "group": node.group_name,
        "owners": sorted(node.owners),
        "kinds": sorted(node.kinds),
        "upstream": sorted("/".join(parent.path) for parent in node.parent_keys),
        "described": bool(node.description),
        "fresh": node.freshness_policy is not None,
        "families": sorted(tag for tag in node.tags if tag.startswith("family/")),
        "guarded_by": node.metadata["guarded_by"].value if "guarded_by" in node.metadata else "",
    }
    for key in graph.get_all_asset_keys()
    for node in [graph.get(key)]
}
checks = sorted(f"{'/'.join(key.asset_key.path)}:{key.name}" for key in graph.asset_check_keys)
specs = {key: graph.get_check_spec(key) for key in graph.asset_check_keys}
words = {
    f"{'/'.join(key.asset_key.path)}:{key.name}": [spec.description, str(spec.metadata.get("what_to_do", "")), spec.metadata["owner"]]
    for key, spec in specs.items()
}
repository = defs.get_repository_def()
print(json.dumps({
    "assets": assets,
    "checks": checks,
    "words": words,
    "jobs": sorted(job.name for job in repository.get_all_jobs() if not job.name.startswith("__")),
    "schedules": {s.name: [s.cron_schedule, s.execution_timezone, s.job_name] for s in repository.schedule_defs},
}))
"""
)


# Nothing listens there, and nothing is asked while definitions load.
NOWHERE = "http://127.0.0.1:9"
EVERY_OPTION = {
    **environment(NOWHERE, only=VENDORS),
    **slack_environment(NOWHERE),
    "POPS_FILES_URL": "file:///nowhere",
    "POPS_PSEUDONYM_KEY": "a-key-for-tests-only",
    "POPS_PUBLISH_POSTGRES_URL": "postgresql://publisher:secret@127.0.0.1:9/mart",
    "POPS_SMTP_URL": "smtp://127.0.0.1:9",
    "POPS_DIGEST_EMAIL_TO": "everybody@acme-flow.example",
    "POPS_DIGEST_EMAIL_FROM": "product-ops@acme-flow.example",
    "POPS_REPORT_BASE_URL": NOWHERE,
    "POPS_DAGSTER_BASE_URL": NOWHERE,
    "POPS_REPORT_LANGUAGE": "fr",
    "POPS_HISTORY_START": "2026-05-18",
    "POPS_NIGHT_AT": "21:45",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    give_parsed(home)
    return home


def loaded(home: Path, options: dict[str, str]) -> dict:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("POPS_", "DAGSTER_"))}
    done = subprocess.run(
        [sys.executable, "-c", _DESCRIBE],
        env={**kept, **options, "POPS_HOME": str(home), "POPS_REGISTRY_DIR": str(REGISTRY)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def location(home: Path) -> dict:
    """With nothing set."""
    return loaded(home, {})


@pytest.fixture(scope="module")
def everything(home: Path) -> dict:
    """With every option on."""
    return loaded(home, EVERY_OPTION)


@pytest.fixture(params=["location", "everything"])
def either(request: pytest.FixtureRequest) -> dict:
    return request.getfixturevalue(request.param)


def test_definitions_are_the_reviewed_ones(location: dict) -> None:
    """After a wanted change: `UPDATE_SNAPSHOT=1 pytest tests/test_definitions.py`, and read the diff."""
    shape = {
        **location,
        "assets": {
            key: {name: node[name] for name in ("group", "owners", "kinds", "upstream")}
            for key, node in location["assets"].items()
        },
    }
    del shape["words"]
    if os.environ.get("UPDATE_SNAPSHOT"):
        SNAPSHOT.write_text(json.dumps(shape, indent=1, sort_keys=True) + "\n")
    assert shape == json.loads(SNAPSHOT.read_text())


def test_every_asset_has_an_owner_a_group_and_a_description(either: dict) -> None:
    for key, node in either["assets"].items():
        assert node["owners"], key
        assert node["described"], key
        layer, area = key.split("/")[:2]
        assert node["group"] == f"{layer}_{area}", key


def test_what_readers_see_has_a_freshness_policy(either: dict) -> None:
    for key, node in either["assets"].items():
        if key.split("/")[0] in ("raw", "marts", "metrics", "learning", "published", "reports"):
            assert node["fresh"], key


def test_lineage_runs_from_every_vendor_stream_to_the_report(either: dict) -> None:
    assets = either["assets"]
    (report,) = (key for key in assets if key.startswith("reports/"))
    seen, waiting = set(), [report]
    while waiting:
        key = waiting.pop()
        # What counts unreadable values, or tells of changes, of every stream makes no number of them.
        if key not in seen and not key.endswith(
            ("/int_quality__unreadable_values", "/stg_registry__entry_versions")
        ):
            seen.add(key)
            waiting.extend(assets[key]["upstream"])
    streams = {key for key in assets if key.startswith("vendor/")}
    assert streams
    assert streams - seen == STAGED_ONLY | WRITTEN_BY
    for stream in STAGED_ONLY:
        _, source, name = stream.split("/")
        staged = (node["upstream"] for key, node in assets.items() if key.startswith(f"staging/{source}/"))
        assert any(f"raw/{source}/{name}" in upstream for upstream in staged), stream


def test_every_check_speaks_of_an_asset_that_exists(either: dict) -> None:
    for check in either["checks"]:
        assert check.split(":")[0] in either["assets"], check


def test_every_check_says_what_it_means_what_follows_and_what_to_do(either: dict) -> None:
    assert either["words"].keys() == set(either["checks"])
    for check, (description, remedy, owner) in either["words"].items():
        meaning, consequence, advice = description.split("\n\n")
        assert len(meaning.split()) >= 4, check
        assert meaning.endswith((".", "?")), check
        assert "None" not in meaning, check
        assert consequence.startswith("**If it fails:** "), check
        assert advice == f"**What to do:** {remedy}", check
        assert len(remedy.split()) >= 8, check
        assert owner.startswith("team:"), check


def test_a_metric_leads_to_the_checks_of_what_it_is_counted_from(location: dict) -> None:
    of_asset = Counter(check.split(":")[0] for check in location["checks"])
    metrics = [key for key, node in location["assets"].items() if node["guarded_by"]]
    assert "metrics/delivery/on_time_rate" in metrics
    for metric in metrics:
        assert f"{metric}:is_guarded" in location["checks"]
        made_of, waiting = set(), [metric]
        while waiting:
            waiting += [each for each in location["assets"][waiting.pop()]["upstream"] if each not in made_of]
            made_of |= {*waiting}
        # Else its check could not fail.
        assert any(of_asset[asset] for asset in made_of if not asset.startswith(("raw/", "vendor/"))), metric
        lines = location["assets"][metric]["guarded_by"].splitlines()
        found = [re.fullmatch(r"- \[.*: (\d+) checks\]\(/assets/(.*)\?view=checks\)", line) for line in lines]
        led = {match.group(2): int(match.group(1)) for match in found if match}
        assert sorted(led) == sorted(location["assets"][metric]["upstream"]), metric
        assert led == {asset: of_asset[asset] for asset in led}, metric


def test_a_metric_is_an_asset_between_the_marts_and_the_report(location: dict) -> None:
    assets = location["assets"]
    table = "metrics/product_ops/metric_values"
    metrics = [key for key in assets if key.startswith("metrics/") and key != table]
    assert "metrics/support/first_reply_seconds_median" in metrics
    declared = ["marts/core/dim_north_star", "marts/core/dim_north_star_metric"]
    assert sorted(assets[table]["upstream"]) == sorted([*declared, *metrics])
    for metric in metrics:
        assert assets[metric]["upstream"], metric
        assert {key.split("/")[0] for key in assets[metric]["upstream"]} <= {"marts", "intermediate"}, metric
        assert assets[metric]["families"], metric
    replies = assets["metrics/support/first_reply_seconds_median"]
    assert replies["upstream"] == ["marts/core/fct_ticket"]
    assert "family/support" in replies["families"]
    assert assets["raw/zendesk/tickets"]["families"] == ["family/support"]


def test_jobs_and_schedules(location: dict) -> None:
    assert location["jobs"] == ["backfill_source", "nightly", "weekly_report"]
    assert location["schedules"] == {
        "nightly": ["0 2 * * *", "Europe/Berlin", "nightly"],
        "weekly_report": ["0 7 * * 1", "Europe/Berlin", "weekly_report"],
    }


def test_every_option_adds_what_it_is_for_and_changes_nothing_else(location: dict, everything: dict) -> None:
    served = "published/product_ops/postgres"
    added = everything["assets"].keys() - location["assets"].keys()
    assert added == {served}
    assert everything["assets"][served]["upstream"] == ["published/product_ops/mart"]
    for key, node in location["assets"].items():
        assert everything["assets"][key] == node, key
    assert set(everything["checks"]) - set(location["checks"]) == {f"{served}:served"}
    assert set(location["checks"]) <= set(everything["checks"])
    assert everything["jobs"] == location["jobs"]


def test_the_schedules_follow_the_hour_of_the_night(everything: dict) -> None:
    # Five hours after Monday's night at 21:45 is Tuesday.
    assert everything["schedules"] == {
        "nightly": ["45 21 * * *", "Europe/Berlin", "nightly"],
        "weekly_report": ["45 2 * * 2", "Europe/Berlin", "weekly_report"],
    }


def test_every_dbt_test_is_a_check(location: dict) -> None:
    named = {check.split(":")[1] for check in location["checks"]}
    singular = {path.stem for path in Path("dbt_project/tests").rglob("assert_*.sql")}
    assert singular <= named


# What the UI shows of a code location that does not load.
_SHOWN = """
import sys
from dagster._utils.error import serializable_error_info_from_exc_info as shown
try:
    import orchestration.definitions
except Exception:
    print(shown(sys.exc_info()).to_string().strip())
"""


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("POPS_REGISTRY_DIR", "/nowhere", "/nowhere: There is no registry. Set POPS_REGISTRY_DIR"),
        ("POPS_NIGHT_AT", "7", "POPS_NIGHT_AT is '7': set an hour"),
    ],
)
def test_what_the_definitions_lack_is_one_sentence(name: str, value: str, told: str, home: Path) -> None:
    options = {"POPS_REGISTRY_DIR": str(REGISTRY), "POPS_HOME": str(home), name: value}
    done = subprocess.run(
        [sys.executable, "-c", _SHOWN],
        env={**os.environ, **options},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith(told)
    assert done.stdout.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("POPS_REGISTRY_DIR", "/nowhere", "Set POPS_REGISTRY_DIR"),
        ("POPS_HOME", "~nobody-knows-her/x", "POPS_HOME is"),
        ("POPS_HOME", "/dev/null", "/dev/null: "),
    ],
)
def test_dagsters_command_line_says_what_the_definitions_lack_without_code(
    name: str, value: str, told: str, home: Path
) -> None:
    options = {"POPS_REGISTRY_DIR": str(REGISTRY), "POPS_HOME": str(home), name: value}
    dagster = Path(sys.executable).with_name("dagster")
    done = subprocess.run(
        [dagster, "asset", "list", "-m", "orchestration.definitions"],
        env={**os.environ, **options},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("Error: ")
    assert told in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
