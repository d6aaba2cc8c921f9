"""What became of each launch, from the people themselves: how many did what was hoped for, and whether that can be chance."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from scipy.stats import binomtest

from sandbox.company.catalogue import FEATURE_BY_ID, LAUNCHES, Launch
from sandbox.company.company import Company
from sandbox.company.work_time import week_of
from sandbox.truth.features import weekly_feature_adoption
from sandbox.truth.surveys import counted_answers


@dataclass(frozen=True)
class LaunchTruth:
    """`cases` of `people` in the last whole week of the window, whose first day is `week`; `verdict` by an exact interval.

    `days_to_switch_off`: from the end of the window; None where nobody took it away.
    """

    launch_id: str
    week: date
    cases: int
    people: int
    verdict: str
    is_post_hoc: bool
    days_to_switch_off: int | None


def launch_truth(company: Company, as_of: date, read_at: datetime) -> dict[str, LaunchTruth]:
    """By launch, what is true of it as of a date after its window. `read_at`: as for `truth`."""
    return {each.launch_id: each for each in _truths(company, as_of, read_at)}


def _truths(company: Company, as_of: date, read_at: datetime) -> Iterator[LaunchTruth]:
    adoption = weekly_feature_adoption(company, as_of, read_at)
    answers = [each for each in counted_answers(company, as_of, read_at) if each.kind == "csat"]
    for launch in LAUNCHES:
        last_day = launch.launched_on + timedelta(days=launch.window_days)
        week = week_of(last_day - timedelta(days=6))
        if launch.metric == "csat_rate":
            asked = [
                each for each in answers if each.feature_id == launch.feature and week_of(each.day) == week
            ]
            cases, people = sum(each.is_top for each in asked), len(asked)
        else:
            cases, people = adoption[launch.feature, week]
        yield LaunchTruth(
            launch.id,
            week,
            cases,
            people,
            _verdict(launch, cases, people),
            launch.written_on >= launch.launched_on,
            _days_to_switch_off(launch, last_day, as_of),
        )


def _days_to_switch_off(launch: Launch, last_day: date, as_of: date) -> int | None:
    """The feature's last day is the one before that on which nobody has it."""
    last_live = FEATURE_BY_ID[launch.feature].live_until
    is_off = last_live is not None and last_live < as_of
    return (last_live + timedelta(days=1) - last_day).days if last_live is not None and is_off else None


def _verdict(launch: Launch, cases: int, people: int) -> str:
    interval = binomtest(cases, people).proportion_ci(method="exact")
    if interval.low >= launch.at_least:
        return "confirmed"
    return "refuted" if interval.high < launch.at_least else "inconclusive"
