"""Vendors' HTTP to the published mart: three nights at small scale, compared with what the company knows of itself."""

import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from sandbox.company import Company
from sandbox.running import Sandbox, running_sandbox
from sandbox.truth import truth
from tests.nights import NIGHTS, House, night_moment

KEY = (
    "metric",
    "grain",
    "period_start",
    "product_id",
    "feature_id",
    "team_id",
    "segment",
    "stage",
    "funnel_id",
    "step",
)


class Reader(threading.Thread):
    """A BI tool that asks all the time: it must always see one whole published state."""

    def __init__(self, published: Path) -> None:
        super().__init__(daemon=True)
        self.published, self.stop, self.states, self.faults = published, threading.Event(), set(), []

    def run(self) -> None:
        while not self.stop.wait(0.05):
            if not self.published.exists():
                continue
            try:
                with duckdb.connect(str(self.published), read_only=True) as mart:
                    as_of = mart.execute("select as_of from _meta").fetchone()[0]
                    newest = mart.execute("select max(event_date) from marts.fct_usage_daily").fetchone()[0]
                    rows = mart.execute(
                        "select count(*) from metrics.metric_values where is_current"
                    ).fetchone()[0]
                self.states.add((as_of, newest, rows))
            except Exception as error:  # noqa: BLE001 - any error is what the test looks for
                self.faults.append(repr(error))


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with running_sandbox(scale="small", now=night_moment(NIGHTS[0])) as server:
        yield server


@pytest.fixture(scope="module")
def undisturbed(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Three nights in a row, with copies of the state after each and a reader all the while."""
    folder = tmp_path_factory.mktemp("undisturbed")
    house = House(folder / "home", sandbox.environment())
    reader = Reader(house.published)
    reader.start()
    after: dict[date, House] = {}
    for as_of in NIGHTS:
        done = house.night(sandbox, as_of)
        assert done.returncode == 0, done.stdout + done.stderr
        after[as_of] = house.copy(folder / as_of.isoformat())
    reader.stop.set()
    reader.join()
    return {"house": house, "after": after, "reader": reader}


def test_published_numbers_equal_the_truth_for_every_metric_and_week(undisturbed: dict[str, Any]) -> None:
    expected = {tuple(row[name] for name in KEY): row for row in truth(Company.create("small"), NIGHTS[-1])}
    first = min(row["period_start"] for row in expected.values())
    published = undisturbed["house"].query(
        f"select {', '.join(KEY)}, numerator, denominator, value from metrics.metric_values "
        "where is_current and period_start >= ?",
        [first],
    )
    metrics = {row["metric"] for row in expected.values()}
    found = {row[: len(KEY)]: row[len(KEY) :] for row in published if row[0] in metrics}
    starts = {
        (row["metric"], row["grain"]): row["period_start"]
        for row in sorted(expected.values(), key=lambda row: row["period_start"], reverse=True)
    }
    found = {key: row for key, row in found.items() if key[2] >= starts[key[0], key[1]]}
    assert sorted(map(str, expected.keys() - found.keys())) == []
    assert sorted(map(str, found.keys() - expected.keys())) == []
    wrong = []
    for key, row in expected.items():
        for name, value in zip(("numerator", "denominator", "value"), found[key], strict=True):
            if row[name] is None and name != "value":
                continue
            if row[name] is None or value is None:
                same = row[name] is None and value is None
            else:
                same = value == pytest.approx(row[name], rel=1e-9, abs=1e-9)
            if not same:
                wrong.append((key, name, row[name], value))
    assert wrong == []


def test_the_truth_speaks_of_every_published_metric(undisturbed: dict[str, Any]) -> None:
    published = {
        row[0] for row in undisturbed["house"].query("select distinct metric from metrics.metric_values")
    }
    assert published == {row["metric"] for row in truth(Company.create("small"), NIGHTS[-1])}


def test_a_reader_sees_only_whole_states(undisturbed: dict[str, Any]) -> None:
    reader = undisturbed["reader"]
    assert reader.faults == []
    assert len(reader.states) == len({as_of for as_of, _, _ in reader.states}) == len(NIGHTS)


def test_a_second_run_changes_nothing(sandbox: Sandbox, undisturbed: dict[str, Any], tmp_path: Path) -> None:
    again = undisturbed["after"][NIGHTS[-1]].copy(tmp_path / "home")
    before = again.content()
    report = (again.home / "reports" / "2026-W46" / "index.html").read_text()
    done = again.night(sandbox, NIGHTS[-1])
    assert done.returncode == 0, done.stdout + done.stderr
    assert again.content() == before
    assert (again.home / "reports" / "2026-W46" / "index.html").read_text() == report
    for source in ("amplitude", "hubspot", "zendesk", "jira", "registry"):
        assert _raw_counts(again, source) == _raw_counts(undisturbed["house"], source)


def test_a_night_killed_in_every_phase_is_completed_by_the_next(
    sandbox: Sandbox, undisturbed: dict[str, Any], tmp_path: Path
) -> None:
    """One night is tried again and again, each try killed a phase later than the one before."""
    house = undisturbed["after"][NIGHTS[1]].copy(tmp_path / "home")
    phases = {
        "reading": ("registry read", 0.0),
        "building": ("zendesk read", 8.0),
        "computing metrics": ("mart built", 1.5),
        "auditing": ("metrics computed", 1.5),
        "publishing": ("audited", 0.2),
    }
    for phase, (line, seconds) in phases.items():
        house.night_killed_after(sandbox, NIGHTS[2], line, seconds)
        assert house.query("select as_of from _meta") == [(NIGHTS[1],)], phase
    done = house.night(sandbox, NIGHTS[2])
    assert done.returncode == 0, done.stdout + done.stderr
    assert house.content() == undisturbed["house"].content()


def test_a_failing_source_stops_no_other(
    sandbox: Sandbox, undisturbed: dict[str, Any], tmp_path: Path
) -> None:
    house = undisturbed["after"][NIGHTS[1]].copy(tmp_path / "home")
    vendors = {**house.vendors, "POPS_ZENDESK_CLIENT_SECRET": "wrong"}
    broken = House(house.home, vendors)
    done = broken.night(sandbox, NIGHTS[2])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning raw/zendesk/tickets" in done.stdout
    assert "credentials are rejected" in done.stdout
    assert broken.query("select as_of from _meta") == [(NIGHTS[2],)]
    assert broken.query("select max(event_date) from marts.fct_usage_daily") == undisturbed["house"].query(
        "select max(event_date) from marts.fct_usage_daily"
    )
    report = (house.home / "reports" / "2026-W46" / "index.html").read_text()
    assert "stale: zendesk" in report
    assert "wrong" not in done.stdout + done.stderr


def test_secrets_and_people_stay_out_of_what_a_run_leaves(undisturbed: dict[str, Any]) -> None:
    house: House = undisturbed["house"]
    company = Company.create("small")
    secrets = [value for name, value in house.vendors.items() if name.endswith(("_KEY", "_SECRET", "_TOKEN"))]
    people = [person.email.lower() for person in company.people][:50] + [
        person.last_name.lower() for person in company.people
    ][:3]
    looked_at = 0
    for path in house.home.rglob("*"):
        if (
            not path.is_file()
            or path.is_relative_to(house.home / "raw")
            or path.is_relative_to(house.home / "dlt")
        ):
            continue
        content = path.read_bytes()
        looked_at += 1
        for secret in (*secrets, "a-key-for-tests-only"):
            assert secret.encode() not in content, path
        if path.suffix in {".html", ".log"} or path == house.published:
            lowered = content.lower()
            assert not [email for email in people if "@" in email and email.encode() in lowered], path
    assert looked_at > 10


def test_a_planted_defect_leaves_the_last_mart_and_marks_the_report(
    sandbox: Sandbox, undisturbed: dict[str, Any], tmp_path: Path
) -> None:
    house = undisturbed["after"][NIGHTS[1]].copy(tmp_path / "home")
    before = house.content()
    sandbox.defects("volume_collapse")
    try:
        done = house.night(sandbox, NIGHTS[2])
    finally:
        sandbox.defects()
    assert done.returncode == 1
    assert "not published" in done.stdout
    assert house.content() == before
    report = sorted((house.home / "reports").glob("*/index.html"))[-1].read_text()
    assert "the newest night was not published" in report
    assert "far from the same weekday" in report


def _raw_counts(house: House, source: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(house.home / "raw" / f"{source}.duckdb"), read_only=True) as raw:
        tables = raw.execute(
            f"select table_name from information_schema.tables where table_schema = 'raw_{source}' "
            "and not starts_with(table_name, '_')"
        ).fetchall()
        return [
            (name, *raw.execute(f'select count(*) from raw_{source}."{name}"').fetchone())
            for (name,) in sorted(tables)
        ]
