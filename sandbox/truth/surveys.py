"""What the survey metrics must be, said in plain Python from the answers themselves.

Of a respondent's answers in a wave about one thing the latest counts. Those of colleagues and test accounts, blank ones,
and scores outside the scale never do. An answer belongs to the month or week in which it was given.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sandbox.company.company import Company
from sandbox.company.people import Account
from sandbox.company.population import UNKNOWN
from sandbox.company.surveys.model import Answer
from sandbox.company.work_time import local_date, midnight, week_of
from sandbox.truth.facts import Facts, product_of, usage_facts, weeks_before
from sandbox.truth.rows import Row, ratio_row, row

HIDDEN = "(hidden)"
# Answers of fewer people of a team in a wave are not shown for the team.
PRIVACY_FLOOR = 5
# Waves as the registry declares them.
WAVES = {"nps": "month", "csat": "week", "team_pulse": "month"}


@dataclass(frozen=True)
class CountedAnswer:
    """The answer of a respondent that counts for a wave. `score` is on the scale that ends with `last`."""

    kind: str
    day: date
    score: int
    last: int
    product_id: str
    feature_id: str
    team_id: str
    segment: str

    @property
    def is_top(self) -> bool:
        return self.score >= self.last - 1


def counted_answers(company: Company, as_of: date, read_at: datetime) -> list[CountedAnswer]:
    """The answers that count as of a date: given before it, shown by the vendor at `read_at`, the latest of their wave."""
    latest: dict[tuple[object, ...], tuple[tuple[datetime, str], CountedAnswer]] = {}
    for answer, account in customer_answers(company, as_of, read_at):
        if answer.score is None or not answer.form.first <= answer.score <= answer.form.last:
            continue
        counted = _counted(company, answer, account, read_at)
        wave = counted.day.replace(day=1) if WAVES[counted.kind] == "month" else week_of(counted.day)
        who = _respondent(company, answer, read_at)
        key = (counted.kind, wave, who, counted.product_id, counted.feature_id)
        order = (answer.submitted_at, answer.token)
        if key not in latest or latest[key][0] < order:
            latest[key] = (order, counted)
    return [counted for _, counted in latest.values()]


def customer_answers(
    company: Company, as_of: date, read_at: datetime
) -> Iterator[tuple[Answer, Account | None]]:
    """Every answer given before a date and shown at `read_at`, with its account; not of colleagues and test accounts."""
    facts = usage_facts(company, as_of, read_at)
    cut = midnight(as_of)
    for answer in company.surveys.answers:
        if answer.submitted_at >= cut or not answer.is_shown(read_at) or answer.form.survey_id is None:
            continue
        account = _account(facts, answer, read_at)
        if account is not None and account.is_test:
            continue
        if answer.person_index is not None and company.people[answer.person_index].is_internal:
            continue
        yield answer, account


def _account(facts: Facts, answer: Answer, read_at: datetime) -> Account | None:
    """The account that the link names, else the home of the person whom it names."""
    if answer.account_index is not None:
        return facts.company.account_at(answer.account_index, read_at)
    if answer.person_index is None:
        return None
    return facts.home_account(facts.company.person_at(answer.person_index, read_at).index)


def _respondent(company: Company, answer: Answer, read_at: datetime) -> object:
    if answer.person_index is not None:
        return company.person_at(answer.person_index, read_at).index
    return answer.email or answer.token


def _counted(company: Company, answer: Answer, account: Account | None, read_at: datetime) -> CountedAnswer:
    assert answer.score is not None
    day = local_date(answer.submitted_at)
    return CountedAnswer(
        kind=answer.form.kind,
        day=day,
        score=answer.score,
        last=answer.form.last,
        product_id=answer.product_id or (product_of(answer.feature_id) if answer.feature_id else UNKNOWN),
        feature_id=answer.feature_id or UNKNOWN,
        team_id=answer.team_id or UNKNOWN,
        segment=company.segment_on(account, day, read_at),
    )


def truth_rows(company: Company, as_of: date, read_at: datetime) -> list[Row]:
    """Every survey metric of the last eight complete weeks and the months that end in them; no rows without answers."""
    answers = counted_answers(company, as_of, read_at)
    weeks = weeks_before(as_of)
    last_day = weeks[-1] + timedelta(days=6)
    months = [month for month in _months(weeks[0], last_day) if weeks[0] <= _month_end(month) <= last_day]
    rows: list[Row] = []
    for month in months:
        of_month = [each for each in answers if each.day.replace(day=1) == month]
        nps = [each for each in of_month if each.kind == "nps"]
        rows.extend(_nps_rows(month, nps, {}))
        for name in ("product_id", "segment"):
            for value, members in _grouped(nps, name).items():
                rows.extend(_nps_rows(month, members, {name: value}))
        rows.extend(_pulse_rows(month, [each for each in of_month if each.kind == "team_pulse"]))
    for week in weeks:
        csat = [each for each in answers if each.kind == "csat" and week_of(each.day) == week]
        rows.extend(_share("csat_rate", "week", week, csat, {}))
        for value, members in _grouped(csat, "feature_id").items():
            rows.extend(_share("csat_rate", "week", week, members, {"feature_id": value}))
    return rows


def _months(first: date, last: date) -> list[date]:
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return sorted({day.replace(day=1) for day in days})


def _month_end(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _grouped(answers: Iterable[CountedAnswer], name: str) -> dict[str, list[CountedAnswer]]:
    groups: dict[str, list[CountedAnswer]] = defaultdict(list)
    for each in answers:
        groups[getattr(each, name)].append(each)
    return groups


def _nps_rows(month: date, answers: list[CountedAnswer], group: dict[str, Any]) -> list[Row]:
    if not answers:
        return []
    count = len(answers)
    promoters = sum(each.score >= 9 for each in answers)
    detractors = sum(each.score <= 6 for each in answers)
    balance = (promoters - detractors) / count
    variance = (promoters + detractors) / count - balance**2
    return [
        row(
            "nps",
            "month",
            month,
            value=100 * balance,
            numerator=float(promoters - detractors),
            denominator=float(count),
            **group,
        ),
        row("nps_standard_error", "month", month, value=100 * math.sqrt(max(0.0, variance) / count), **group),
    ]


def _share(
    metric: str, grain: str, period: date, answers: list[CountedAnswer], group: dict[str, str]
) -> list[Row]:
    """Share of the two highest points."""
    if not answers:
        return []
    top = sum(each.is_top for each in answers)
    return [ratio_row(metric, grain, period, float(top), float(len(answers)), **group)]


def _pulse_rows(month: date, answers: list[CountedAnswer]) -> list[Row]:
    """All teams together and each team; teams with few answers are one, with others until they are not few."""
    if len(answers) < PRIVACY_FLOOR:
        return []
    rows = _share("team_pulse_rate", "month", month, answers, {})
    pool: list[CountedAnswer] = []
    teams = sorted(_grouped(answers, "team_id").items(), key=lambda each: (len(each[1]), each[0]))
    for team, members in teams:
        if len(members) < PRIVACY_FLOOR or 0 < len(pool) < PRIVACY_FLOOR:
            pool.extend(members)
        else:
            rows.extend(_share("team_pulse_rate", "month", month, members, {"team_id": team}))
    return rows + _share("team_pulse_rate", "month", month, pool, {"team_id": HIDDEN})
