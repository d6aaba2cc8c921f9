"""The surge and the slow decline that the company planted are told as signals, with the launch behind the one, and nothing else is.

At the demo's scale: of a hundred people chance alone hides half of them. Numbers are counted by the company, as no night would in time.
"""

from datetime import date, timedelta
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from learning.night_signals import write_signals
from metrics.catalogue import write_definitions
from metrics.definitions import MetricDefinition
from metrics.dimensions import DIMENSIONS
from reports.health import render
from reports.signal_section import launch_signals
from reports.signals import signals_after_launches, signals_of
from sandbox.company.company import Company
from sandbox.truth.signals import Series, SignalTruth, daily_people, signal_truth, weekly_tickets
from settings.units import Unit
from tests.launches_fixture import launch
from tests.nights import NIGHTS, night_moment
from tests.reports_fixture import WEEK, report

AS_OF = NIGHTS[-1]
TICKETS, PEOPLE = "tickets_created", "active_users_day"
Found = dict[tuple[str, str | None], dict[date, tuple[str, str]]]


@pytest.fixture(scope="module")
def truth() -> SignalTruth:
    return signal_truth(AS_OF)


@pytest.fixture(scope="module")
def people() -> Series:
    return daily_people(Company.create("demo"), AS_OF)


@pytest.fixture(scope="module")
def definitions() -> dict[str, MetricDefinition]:
    tickets = report().definitions[TICKETS]
    given = {"metric": PEOPLE, "label": "Active users (day)", "unit": Unit.USERS, "grain": "day"}
    return {TICKETS: tickets, PEOPLE: MetricDefinition(**{**vars(tickets), **given})}


@pytest.fixture(scope="module")
def warehouse(
    tmp_path_factory: pytest.TempPathFactory,
    people: Series,
    definitions: dict[str, MetricDefinition],
    truth: SignalTruth,
) -> Path:
    """What a night has published, with the signals that it found."""
    path = tmp_path_factory.mktemp("signals") / "warehouse.duckdb"
    tickets = weekly_tickets(Company.create("demo"), AS_OF, night_moment(AS_OF))
    rows = pd.DataFrame(
        {
            "metric": metric, "grain": grain, "period_start": start, **dict.fromkeys(DIMENSIONS), "product_id": product,
            "value": float(value), "n": value, "is_current": True,
        }
        for metric, grain, series in ((TICKETS, "week", tickets), (PEOPLE, "day", people))
        for product, values in series.items()
        for start, value in values.items()
    )  # fmt: skip
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts")
        connection.execute("create schema metrics")
        connection.register("rows", rows)
        connection.execute(
            "create table metrics.metric_values as select * replace (period_start::date as period_start) from rows"
        )
        connection.execute(
            "create table marts.dim_launch as select ? as launch_id, ? as product_id, '[\"timeline\"]' as feature_ids, "
            "date '2026-09-29' as launched_on",
            [truth.launch_id, truth.surged_products[0]],
        )
        connection.execute(
            "create table marts.dim_date as select date '2026-10-03' as date_day, true as is_holiday"
        )
        write_definitions(connection, "metrics.metric_definitions", list(definitions.values()))
    write_signals(path, AS_OF)
    return path


@pytest.fixture(scope="module")
def found(warehouse: Path) -> Found:
    """By metric and product, direction and what else happened by the first day of the period."""
    told: Found = {}
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        for metric, product, start, *rest in connection.execute(
            "select metric, product_id, period_start, direction, annotations from metrics.signals"
        ).fetchall():
            told.setdefault((metric, product), {})[start] = (rest[0], rest[1])
    return told


def test_tickets_surge_in_the_weeks_after_the_launch_and_in_no_other(
    found: Found, truth: SignalTruth
) -> None:
    surged = dict.fromkeys(truth.surged, ("up", f'["launch:{truth.launch_id}"]'))
    assert len(surged) == 2
    of_tickets = {product: weeks for (metric, product), weeks in found.items() if metric == TICKETS}
    product, nobodys = truth.surged_products
    # What bears no tag is near no launch.
    assert of_tickets == {None: surged, product: surged, nobodys: dict.fromkeys(truth.surged, ("up", "[]"))}


def test_the_decline_is_told_of_its_product_alone_while_it_is_still_small(
    found: Found, truth: SignalTruth
) -> None:
    ((product, days),) = [(product, days) for (metric, product), days in found.items() if metric == PEOPLE]
    assert product == truth.declined_product
    assert {direction for direction, _ in days.values()} == {"down"}
    assert min(days) in truth.lost
    # Found before half of the people have gone, and in the newest week, of which the report tells.
    assert truth.lost[min(days)] < 0.4
    assert max(days) >= WEEK


def test_only_the_season_shows_the_decline(found: Found, truth: SignalTruth, people: Series) -> None:
    """Each day that is told is still within what its product goes through every week."""
    series = people[truth.declined_product]
    for day in found[PEOPLE, truth.declined_product]:
        before = [series[day - timedelta(days=number)] for number in range(1, 57)]
        assert series[day] > min(before)
        # Nor is it far from the day before, as a fall at one blow is.
        assert series[day] > 0.75 * max(series[day - timedelta(days=1)], 1) or day.weekday() == 4


def test_readers_are_told_of_both(
    warehouse: Path, truth: SignalTruth, definitions: dict[str, MetricDefinition]
) -> None:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        of_week, of_launches = signals_of(connection, WEEK), signals_after_launches(connection, AS_OF)
    names = {**report().names, truth.declined_product: "Insights"}
    said = report(signals=of_week, definitions={**report().definitions, **definitions}, names=names)
    shown = render(said)
    assert "Weak signals" in shown
    assert "Active users (day)" in shown
    assert "Insights" in shown
    section = launch_signals(said, launch(signals=of_launches[truth.launch_id]))
    assert section is not None
    (told,) = section.findings
    assert told.startswith(
        "4 numbers of the two weeks after the launch lie farther from their usual than chance explains."
    )
    assert "Tickets created" in told
    assert launch_signals(said, launch()) is None
