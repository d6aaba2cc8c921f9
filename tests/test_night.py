"""The hour of the night: one setting, which the schedules, the night itself and the demo follow."""

from datetime import UTC, date, datetime, time

import dagster as dg
import pytest
from dagster._utils.schedules import schedule_execution_time_iterator

from orchestration.jobs import build_schedules
from orchestration.runs import AS_OF_TAG
from settings.night import Night, night_at, scheduled_moment

AS_OF = date(2026, 11, 16)
LATER = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "hour"),
    [(None, time(2)), ("", time(2)), ("02:00", time(2)), ("5:30", time(5, 30)), (" 23:59 ", time(23, 59)), ("00:00", time(0))],
)  # fmt: skip
def test_the_hour_is_two_unless_somebody_says_another(said: str | None, hour: time) -> None:
    assert night_at({} if said is None else {"POPS_NIGHT_AT": said}) == hour


@pytest.mark.parametrize("said", ["2", "24:00", "02:60", "2 am", "02:00:00", "0 2 * * *", "-1:00"])
def test_what_is_no_hour_is_refused_by_name(said: str) -> None:
    with pytest.raises(ValueError, match=r"POPS_NIGHT_AT is '.*': set an hour of the reporting time zone"):
        night_at({"POPS_NIGHT_AT": said})
    with pytest.raises(ValueError, match="POPS_NIGHT_AT"):
        build_schedules({"POPS_NIGHT_AT": said})


@pytest.mark.parametrize("as_of", [date(1, 1, 1), date(1900, 1, 1), date(9999, 12, 31)])
def test_a_date_that_nobody_means_is_refused(as_of: date) -> None:
    with pytest.raises(ValueError, match="cannot be as of"):
        Night.of(as_of, LATER, {})


@pytest.mark.parametrize("start", ["2026-11-16", "2030-01-01", "0001-01-01"])
def test_a_history_that_begins_after_the_night_is_refused(start: str) -> None:
    with pytest.raises(ValueError, match="set an earlier date"):
        Night.of(AS_OF, LATER, {"POPS_HISTORY_START": start})


def test_a_night_of_a_date_reads_until_its_hour() -> None:
    assert Night.of(AS_OF, LATER, {}).until == datetime(2026, 11, 16, 1, tzinfo=UTC)
    late = Night.of(AS_OF, LATER, {"POPS_NIGHT_AT": "05:30"})
    assert (late.as_of, late.until) == (AS_OF, datetime(2026, 11, 16, 4, 30, tzinfo=UTC))
    # Not later than now; and in summer the same hour is another moment.
    early = datetime(2026, 11, 16, 3, tzinfo=UTC)
    assert Night.of(AS_OF, early, {"POPS_NIGHT_AT": "05:30"}).until == early
    assert scheduled_moment(date(2026, 7, 1), {}).astimezone(UTC) == datetime(2026, 7, 1, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "ticks"),
    [
        ("02:00", {"nightly": datetime(2026, 11, 16, 1, tzinfo=UTC), "weekly_report": datetime(2026, 11, 16, 6, tzinfo=UTC)}),
        ("21:45", {"nightly": datetime(2026, 11, 16, 20, 45, tzinfo=UTC), "weekly_report": datetime(2026, 11, 17, 1, 45, tzinfo=UTC)}),
    ],
)  # fmt: skip
def test_schedules_tick_at_the_hour_and_tell_the_nights_date(said: str, ticks: dict[str, datetime]) -> None:
    schedules = {each.name: each for each in build_schedules({"POPS_NIGHT_AT": said})}
    assert schedules.keys() == ticks.keys()
    for name, moment in ticks.items():
        before = datetime(2026, 11, 16, 0, 30, tzinfo=UTC)
        schedule = schedules[name]
        cron, zone = str(schedule.cron_schedule), schedule.execution_timezone
        tick = next(schedule_execution_time_iterator(before.timestamp(), cron, zone))
        assert tick == moment, name
        with dg.build_schedule_context(scheduled_execution_time=tick) as context:
            (request,) = schedule.evaluate_tick(context).run_requests
        assert request.tags[AS_OF_TAG] == "2026-11-16", name
    assert request.run_key == "2026-W46"
