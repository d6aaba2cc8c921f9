"""What a launch's metrics were, counted by hand from a few rows: which days count, who counts once, and who overrides whom."""

import shutil
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from learning.launches import LaunchRun, write_launches
from metrics.values import append_metric_values
from tests.metric_warehouse import create_warehouse, engine_of, execute, insert, manifest_of

METRICS = ("contact_rate", "tickets_created", "feature_adoption_rate", "first_reply_seconds_median")
# A Tuesday.
LAUNCHED = date(2026, 9, 29)
ACCOUNTS = 120
DAY = timedelta(days=1)


def ticket(name: str, account: str, created: date) -> tuple[Any, ...]:
    return (name, "board", "smb", True, False, created, *[None] * 9, "studio", account, 0)


def fill(path: Path) -> None:
    """Each account has two people, who are there on two days of either fortnight, one ticket in the first, two in the second.

    The launch's own day has a ticket of everybody, which is in no span. Adoption is a third before, 16 of 40 in the first whole
    week after, and 36 of 40 in the week in which the 14th day lies.
    """
    create_warehouse(path)
    accounts = [f"a{number}" for number in range(ACCOUNTS)]
    usage, tickets = [], []
    for account in accounts:
        for person in (f"{account}p", f"{account}q"):
            for back in (-10, -9, 2, 12):
                usage.append((person, LAUNCHED + back * DAY, "board", "studio", "smb", account))
        tickets += [
            ticket(f"{account}/{back}", account, LAUNCHED + back * DAY) for back in (-14, 0, 1, 14, 15, -15)
        ]
    insert(path, "marts.fct_usage_daily", usage)
    insert(path, "marts.fct_ticket", tickets)
    weeks = (
        (date(2026, 9, 21), 13),
        (date(2026, 9, 28), 40),
        (date(2026, 10, 5), 16),
        (date(2026, 10, 12), 36),
    )
    insert(
        path,
        "intermediate.int_features__person_weeks",
        [
            (f"p{number}", "board", "studio", "atlas", week, "smb", number < users, 1, 1)
            for week, users in weeks
            for number in range(40)
        ],
    )


def declare(path: Path, launches: list[tuple[Any, ...]], kpis: list[tuple[Any, ...]]) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "create table marts.dim_launch (launch_id text, product_id text, is_declared boolean, "
            "is_defined_before boolean, is_edited_after boolean, launched_on date, switched_off_on date)"
        )
        connection.execute(
            "create table marts.dim_launch_kpi (launch_id text, kpi_id text, kpi_role text, metric text, feature_id text, "
            "at_least double, at_most double, change_at_least double, change_at_most double, window_days bigint, "
            "product_id text, team_id text, segment text)"
        )
        connection.execute(
            "create table marts.bridge_launch_account (launch_id text, account_id text, could_see boolean)"
        )
        for launch in launches:
            connection.execute("insert into marts.dim_launch values (?, ?, ?, ?, ?, ?, ?)", launch)
        for each in kpis:
            connection.execute(
                "insert into marts.dim_launch_kpi values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, null, null, null)",
                each,
            )


def kpi(
    role: str, metric: str, feature: str | None = None, window: int | None = None, **bounds: float
) -> tuple[Any, ...]:
    named = [bounds.get(each) for each in ("at_least", "at_most", "change_at_least", "change_at_most")]
    return ("l", f"{role}:1", role, metric, feature, *named, window)


def night(path: Path, as_of: date = date(2026, 11, 16)) -> LaunchRun:
    return write_launches(path, engine_of(manifest_of(*METRICS)), as_of, date(2026, 5, 18))


ADOPTION = ("feature_adoption_rate", "board", 14)
LAUNCH = ("l", "studio", True, True, False, LAUNCHED, None)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("launches") / "warehouse.duckdb"
    fill(path)
    append_metric_values(path, engine_of(manifest_of(*METRICS)), date(2026, 11, 16), date(2026, 5, 18))
    return path


@pytest.fixture
def path(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(built, tmp_path))


def readings(path: Path, kpi_id: str) -> dict[int, tuple[Any, ...]]:
    rows = execute(
        path,
        "select checkpoint_days, first_day, last_day, baseline, value, change, n, verdict, reason "
        f"from metrics.launch_kpis where kpi_id = '{kpi_id}' order by 1",
    )
    return {days: row for days, *row in rows}


def verdict(path: Path) -> tuple[Any, ...]:
    ((*found,),) = execute(path, "select verdict, decided_by, decides_on, is_post_hoc from metrics.launches")
    return tuple(found)


def test_a_bound_of_the_value_is_held_against_the_last_whole_period(path: Path) -> None:
    declare(path, [LAUNCH], [kpi("primary", *ADOPTION, at_least=0.2)])
    night(path)
    found = readings(path, "primary:1")
    # The week of the launch began before it, and the first whole one ends on the 12th day.
    assert found[1] == [None, None, 13 / 40, None, None, None, "not_measured", "no_whole_period"]
    assert found[7] == found[1]
    assert found[14] == [date(2026, 10, 5), date(2026, 10, 11), 13 / 40, 0.4, None, 40, "met", None]
    assert found[30][3] == 0.9
    assert found[90] == [None, None, None, None, None, None, "not_measured", "not_yet"]
    assert verdict(path) == ("confirmed", "primary:1", LAUNCHED + 14 * DAY, False)


def test_the_value_is_the_published_number(path: Path) -> None:
    declare(path, [LAUNCH], [kpi("primary", *ADOPTION, at_least=0.2)])
    night(path)
    assert execute(
        path,
        "select count(*) from metrics.launch_kpis reading join metrics.metric_values number on number.metric = reading.metric "
        "and number.period_start = reading.first_day and number.feature_id = 'board' and number.segment is null "
        "and number.value = reading.value and number.n = reading.n",
    ) == [(2,)]


def test_a_change_counts_whole_weeks_without_the_day_of_the_launch_and_everybody_once(path: Path) -> None:
    declare(
        path,
        [LAUNCH],
        [kpi("primary", *ADOPTION, at_least=0.2), kpi("guardrail", "contact_rate", change_at_most=0.5)],
    )
    night(path)
    found = readings(path, "guardrail:1")
    assert [found[days][-1] for days in (1, 7, 90)] == ["insufficient", "insufficient", "not_yet"]
    # 120 tickets of 240 people before; 240 of the same 240 after: each was there on two days, and counts once.
    assert found[14] == [LAUNCHED + DAY, LAUNCHED + 14 * DAY, 500.0, 1000.0, 1.0, 240, "missed", None]
    # Four whole weeks of the 30 days, and as many before.
    assert found[30][:2] == [LAUNCHED + DAY, LAUNCHED + 28 * DAY]
    assert verdict(path)[:2] == ("refuted", "guardrail:1")


def test_a_change_is_beyond_that_of_the_accounts_that_could_not_see_it(path: Path) -> None:
    """Those who could have one ticket before and two after; of the others every second has one more: 1 less 0.5, over 1."""
    declare(path, [LAUNCH], [kpi("primary", "tickets_created", window=14, change_at_least=0.2)])
    others = [f"o{number}" for number in range(200)]
    more = [f"b{number}" for number in range(80)]
    insert(
        path,
        "marts.fct_ticket",
        [ticket(f"{each}/{back}", each, LAUNCHED + back * DAY) for each in more for back in (-3, 3, 4)]
        + [ticket(f"{each}/{back}", each, LAUNCHED + back * DAY) for each in others for back in (-3, 3)]
        + [ticket(f"{each}/4", each, LAUNCHED + 4 * DAY) for each in others[::2]],
    )
    known = [("l", each, True) for each in (*more, *(f"a{number}" for number in range(ACCOUNTS)))]
    known += [("l", each, False) for each in others]
    with duckdb.connect(str(path)) as connection:
        connection.executemany("insert into marts.bridge_launch_account values (?, ?, ?)", known)
    night(path)
    ((change, low, high, found, method, others_change),) = execute(
        path,
        "select change, interval_low, interval_high, verdict, method, others_change from metrics.launch_kpis "
        "where checkpoint_days = 14",
    )
    assert (change, found, method, others_change) == (0.5, "met", "difference_in_differences", 0.5)
    # Half of the others moved by one: of 200, their mean is known to 1.96 * 0.5 / sqrt(200).
    assert high - low == pytest.approx(2 * 1.96 * 0.5 / 200**0.5, rel=0.1)


def test_with_few_who_could_not_see_it_before_and_after_are_compared(path: Path) -> None:
    declare(path, [LAUNCH], [kpi("primary", "tickets_created", window=14, change_at_least=0.2)])
    execute(
        path,
        "insert into marts.bridge_launch_account select 'l', 'a' || number, number >= 30 from range(120) as r(number)",
    )
    night(path)
    assert execute(
        path, "select change, method, others_change from metrics.launch_kpis where checkpoint_days = 14"
    ) == [(1.0, "before_after", None)]


@pytest.mark.parametrize(
    ("added", "reason"),
    [
        (kpi("further", "first_reply_seconds_median", change_at_most=0.1), "no_accounts"),
        (kpi("further", "feature_adoption_rate", "board", change_at_least=0.1), "no_accounts"),
        (kpi("further", "feature_adoption_rate", at_least=0.1), "no_such_cut"),
        (kpi("further", "no_metric", at_least=0.1), "no_such_cut"),
        (kpi("further", "tickets_created", "timeline", change_at_most=0.1), "no_number"),
    ],
)
def test_what_cannot_be_measured_says_why(path: Path, added: tuple[Any, ...], reason: str) -> None:
    declare(path, [LAUNCH], [kpi("primary", *ADOPTION, at_least=0.2), added])
    run = night(path)
    found = readings(path, "further:1")
    assert found[14][-2:] == ["not_measured", reason]
    assert run.unmeasurable == ((f"l: {added[3]}",) if reason != "no_number" else ())


def test_few_accounts_have_a_number_and_no_interval(path: Path) -> None:
    execute(path, "delete from marts.fct_usage_daily where account_id >= 'a3'")
    execute(path, "delete from marts.fct_ticket where account_id >= 'a3'")
    declare(path, [LAUNCH], [kpi("primary", "tickets_created", window=14, change_at_most=0.5)])
    night(path)
    assert readings(path, "primary:1")[14][-2:] == ["inconclusive", "few_accounts"]
    assert verdict(path)[:2] == ("inconclusive", "primary:1")


def test_before_its_window_is_over_a_launch_has_no_verdict(path: Path) -> None:
    declare(path, [LAUNCH], [kpi("primary", *ADOPTION, at_least=0.2)])
    night(path, LAUNCHED + 14 * DAY)
    assert verdict(path)[:2] == ("not_yet", None)
    night(path, LAUNCHED + 15 * DAY)
    # Of that night no number was known.
    assert verdict(path)[:2] == ("inconclusive", "primary:1")


def test_a_past_night_is_the_same_again(path: Path) -> None:
    declare(
        path,
        [LAUNCH],
        [kpi("primary", *ADOPTION, at_least=0.2), kpi("guardrail", "contact_rate", change_at_most=0.5)],
    )
    night(path)
    before = execute(path, "select * from metrics.launch_kpis order by all")
    night(path, date(2026, 12, 30))
    assert len(execute(path, "select * from metrics.launch_kpis where reason = 'not_yet'")) == 0
    night(path)
    assert execute(path, "select * from metrics.launch_kpis order by all") == before


@pytest.mark.parametrize(
    ("before", "edited", "post_hoc"), [(True, False, False), (False, False, True), (True, True, True)]
)
def test_what_was_written_late_is_marked(path: Path, before: bool, edited: bool, post_hoc: bool) -> None:
    declare(
        path,
        [("l", "studio", True, before, edited, LAUNCHED, None)],
        [kpi("primary", *ADOPTION, at_least=0.2)],
    )
    night(path)
    assert verdict(path)[-1] is post_hoc


def test_overlapping_launches_are_named_and_undeclared_ones_have_no_verdict(path: Path) -> None:
    other = ("m", "studio", True, True, False, LAUNCHED + 10 * DAY, None)
    elsewhere = ("n", "insights", True, True, False, LAUNCHED, None)
    found = ("feature:x", "studio", False, False, False, LAUNCHED, None)
    kpis = [kpi("primary", *ADOPTION, at_least=0.2)]
    kpis += [(launch, *kpis[0][1:]) for launch in ("m", "n")]
    declare(path, [LAUNCH, other, elsewhere, found], kpis)
    run = night(path)
    assert (run.launches, run.declared) == (4, 3)
    near = dict(
        execute(
            path,
            "select checkpoint_days, overlapping from metrics.launch_kpis where launch_id = 'l' and value is not null",
        )
    )
    assert near == {14: '["m"]', 30: '["m"]'}
    ((undeclared,),) = execute(path, "select verdict from metrics.launches where launch_id = 'feature:x'")
    assert undeclared == "undeclared"


def test_a_refuted_launch_that_was_taken_back_says_after_how_many_days(path: Path) -> None:
    off = ("l", "studio", True, True, False, LAUNCHED, LAUNCHED + 23 * DAY)
    declare(path, [off], [kpi("primary", *ADOPTION, at_least=0.9)])
    night(path)
    assert execute(path, "select verdict, days_to_switch_off from metrics.launches") == [("refuted", 9)]
