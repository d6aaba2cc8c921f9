"""The truth about activity, lifecycle and retention, counted from the facts."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from sandbox.company.catalogue import HISTORY_START
from sandbox.company.company import Company
from sandbox.company.people import Account
from sandbox.truth.activation import activation_rows
from sandbox.truth.engagement import engagement_rows
from sandbox.truth.facts import AccountUse, Facts, Use, monday, usage_facts, weeks_before
from sandbox.truth.features import feature_rows, weekly_feature_adoption, weekly_feature_users, weekly_users
from sandbox.truth.funnels import funnel_rows
from sandbox.truth.north_star import north_star_rows
from sandbox.truth.rows import Row, ratio_row, row

__all__ = ["truth_rows", "weekly_feature_adoption", "weekly_feature_users", "weekly_users"]

WEEK = timedelta(days=7)
# As the company's registry has them.
RETENTION_BRACKETS = ((1, 7), (8, 14), (15, 28))
Dimension = tuple[str, str] | None


def truth_rows(company: Company, as_of: date, read_at: datetime) -> list[Row]:
    """Every metric of product usage as of a date: the last eight complete weeks, their days, the months that end in them."""
    facts = usage_facts(company, as_of, read_at)
    return [
        *activity_rows(facts),
        *lifecycle_rows(facts),
        *quick_ratio_rows(facts),
        *retention_rows(facts),
        *bracket_retention_rows(facts),
        *account_retention_rows(facts),
        *stickiness_rows(facts),
        *active_day_rows(facts),
        *feature_rows(facts),
        *engagement_rows(facts),
        *funnel_rows(facts),
        *activation_rows(facts),
        *north_star_rows(facts),
    ]


def _named(dimension: Dimension) -> dict[str, Any]:
    return {} if dimension is None else {dimension[0]: dimension[1]}


def _user_groups(use: Use) -> list[Dimension]:
    return [None, ("product_id", use.product_id), ("feature_id", use.feature_id), ("segment", use.segment)]


def _account_groups(use: AccountUse) -> list[Dimension]:
    return [None, ("product_id", use.product_id), ("segment", use.segment)]


def activity_rows(facts: Facts) -> list[Row]:
    """Active users and accounts: by day, in the 7 and 30 days that end with it, and by calendar week."""
    users: dict[Dimension, dict[date, set[int]]] = defaultdict(lambda: defaultdict(set))
    for use in facts.uses:
        for group in _user_groups(use):
            users[group][use.day].add(use.person)
    accounts: dict[Dimension, dict[date, set[int]]] = defaultdict(lambda: defaultdict(set))
    for account_use in facts.account_uses:
        for group in _account_groups(account_use):
            accounts[group][account_use.day].add(account_use.account.index)

    weeks = weeks_before(facts.as_of)
    days = [weeks[0] + timedelta(days=number) for number in range(7 * len(weeks))]
    rows: list[Row] = []
    for what, by_group in (("users", users), ("accounts", accounts)):
        for group, by_day in by_group.items():
            for name, length in (("day", 1), ("7d", 7), ("30d", 30)):
                for day in days:
                    count = _distinct(by_day, day - timedelta(days=length - 1), day)
                    if count:
                        rows.append(row(f"active_{what}_{name}", "day", day, value=count, **_named(group)))
    for group, by_day in users.items():
        for week in weeks:
            count = _distinct(by_day, week, week + timedelta(days=6))
            if count:
                rows.append(row("active_users_week", "week", week, value=count, **_named(group)))
    return rows


def _distinct(by_day: dict[date, set[int]], first: date, last: date) -> int:
    found: set[int] = set()
    day = first
    while day <= last:
        found |= by_day.get(day, set())
        day += timedelta(days=1)
    return len(found)


def lifecycle_rows(facts: Facts) -> list[Row]:
    """New, current, resurrected and dormant users by week, and new users who were not there before history."""
    active_weeks = {person: {monday(day) for day in days} for person, days in facts.active_days.items()}
    rows: list[Row] = []
    for week in weeks_before(facts.as_of):
        counts: dict[Dimension, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for person, weeks in active_weeks.items():
            states = _states(weeks, week)
            if "lifecycle_new_users" in states and not facts.is_pre_existing(person):
                states.append("new_users")
            for state in states:
                counts[None][state] += 1
                counts["segment", facts.segment(person, week)][state] += 1
        for group, by_state in counts.items():
            # Where anybody is in some state, the other states are counted as nobody.
            for metric in (
                "lifecycle_new_users", "lifecycle_current_users", "lifecycle_resurrected_users",
                "lifecycle_dormant_users", "new_users",
            ):  # fmt: skip
                rows.append(row(metric, "week", week, value=by_state.get(metric, 0), **_named(group)))
    return rows


def quick_ratio_rows(facts: Facts) -> list[Row]:
    """By week, the users and the accounts who came (for the first time or back) over those who went quiet.

    Of whoever was active in one of two weeks that follow each other, and not in the other: no state is needed.
    """
    users: dict[date, set[int]] = defaultdict(set)
    for person, days in facts.active_days.items():
        for day in days:
            users[monday(day)].add(person)
    accounts: dict[date, set[int]] = defaultdict(set)
    for use in facts.account_uses:
        accounts[monday(use.day)].add(use.account.index)
    by_index = {use.account.index: use.account for use in facts.account_uses}

    def segment_of_account(index: int, week: date) -> str:
        return facts.company.segment_on(by_index[index], week, facts.read_at)

    rows: list[Row] = []
    for week in weeks_before(facts.as_of):
        for who, active, segment_of in (
            ("user", users, facts.segment),
            ("account", accounts, segment_of_account),
        ):
            gained, lost = active[week] - active[week - WEEK], active[week - WEEK] - active[week]
            segments = {each: segment_of(each, week) for each in gained | lost}
            groups: list[Dimension] = [None, *(("segment", name) for name in sorted(set(segments.values())))]
            for group in groups if segments else []:
                counts = [
                    sum(1 for each in moved if group is None or segments[each] == group[1])
                    for moved in (gained, lost)
                ]
                rows.append(ratio_row(f"lifecycle_{who}_quick_ratio", "week", week, *counts, **_named(group)))
    return rows


def _states(weeks: set[date], week: date) -> list[str]:
    if week not in weeks:
        return ["lifecycle_dormant_users"] if week - WEEK in weeks else []
    if min(weeks) == week:
        return ["lifecycle_new_users"]
    return ["lifecycle_current_users" if week - WEEK in weeks else "lifecycle_resurrected_users"]


def _new_people(facts: Facts, week: date) -> list[int]:
    """Those whose first day lies in a week."""
    return [
        person
        for person, day in facts.first_day.items()
        if monday(day) == week and not facts.is_pre_existing(person)
    ]


def retention_rows(facts: Facts) -> list[Row]:
    """Share of a week's new users who came back exactly 1, 7 and 28 days after their first day, and then or later."""
    rows: list[Row] = []
    for week in weeks_before(facts.as_of):
        cohort = _new_people(facts, week)
        for later in (1, 7, 28):
            if week + timedelta(days=6 + later) >= facts.as_of:
                continue
            groups: dict[Dimension, list[tuple[bool, bool]]] = defaultdict(list)
            for person in cohort:
                day, active = facts.first_day[person] + timedelta(days=later), facts.active_days[person]
                returned = (day in active, any(each >= day for each in active))
                groups[None].append(returned)
                groups["segment", facts.segment(person, week)].append(returned)
            for group, returns in groups.items():
                for place, kind in enumerate(("retention_rate", "retention_unbounded_rate")):
                    back = sum(each[place] for each in returns)
                    rows.append(
                        ratio_row(f"{kind}_d{later}", "week", week, back, len(returns), **_named(group))
                    )
    return rows


def bracket_retention_rows(facts: Facts) -> list[Row]:
    """Share of a week's new users who came back on any day of each bracket after their first day."""
    rows: list[Row] = []
    for week in weeks_before(facts.as_of):
        cohort = _new_people(facts, week)
        for first, last in RETENTION_BRACKETS:
            if week + timedelta(days=6 + last) >= facts.as_of:
                continue
            groups: dict[str | None, list[bool]] = defaultdict(list)
            for person in cohort:
                since = facts.first_day[person]
                returned = any(first <= (day - since).days <= last for day in facts.active_days[person])
                groups[None].append(returned)
                groups[facts.segment(person, week)].append(returned)
            for segment, returns in groups.items():
                of = {"days": f"{first}-{last}", "segment": segment}
                rows.append(
                    ratio_row("retention_bracket_rate", "week", week, sum(returns), len(returns), **of)
                )
    return rows


def account_retention_rows(facts: Facts) -> list[Row]:
    """Of the accounts that were active the week before, the share that was active in the week as well."""
    active: dict[date, dict[int, Account]] = defaultdict(dict)
    for use in facts.account_uses:
        active[monday(use.day)][use.account.index] = use.account
    rows: list[Row] = []
    for week in weeks_before(facts.as_of):
        groups: dict[Dimension, list[bool]] = defaultdict(list)
        for index, account in active[week - WEEK].items():
            segment = facts.company.segment_on(account, week, facts.read_at)
            for group in (None, ("segment", segment)):
                groups[group].append(index in active[week])
        for group, retained in groups.items():
            rows.append(
                ratio_row(
                    "active_account_retention_rate",
                    "week",
                    week,
                    sum(retained),
                    len(retained),
                    **_named(group),
                )
            )
    return rows


def stickiness_rows(facts: Facts) -> list[Row]:
    """Active users of a month's average day, as a share of those of the 30 days that end with it."""
    weeks = weeks_before(facts.as_of)
    rows: list[Row] = []
    for first, last in _months_ending(weeks[0], weeks[-1] + timedelta(days=6)):
        if first < HISTORY_START:
            continue
        days_in_month = (last - first).days + 1
        user_days = sum(_between(days, first, last) for days in facts.active_days.values())
        window = last - timedelta(days=29)
        monthly = sum(1 for days in facts.active_days.values() if _between(days, window, last))
        rows.append(ratio_row("stickiness_ratio", "month", first, user_days, days_in_month * monthly))
    return rows


def active_day_rows(facts: Facts) -> list[Row]:
    """Of a week's active users, the shares that were active on exactly, and on at least, one to seven of its days."""
    rows: list[Row] = []
    for week in weeks_before(facts.as_of):
        groups: dict[str | None, list[int]] = defaultdict(list)
        for person, days in facts.active_days.items():
            count = _between(days, week, week + timedelta(days=6))
            if count:
                groups[None].append(count)
                groups[facts.segment(person, week)].append(count)
        for segment, counts in groups.items():
            for days_active in range(1, 8):
                exact = sum(1 for count in counts if count == days_active)
                at_least = sum(1 for count in counts if count >= days_active)
                for kind, users in (("exact", exact), ("at_least", at_least)):
                    metric, total = f"stickiness_{kind}_days_rate", len(counts)
                    of = {"days": str(days_active), "segment": segment}
                    rows.append(ratio_row(metric, "week", week, users, total, **of))
    return rows


def _between(days: Iterable[date], first: date, last: date) -> int:
    return sum(1 for day in days if first <= day <= last)


def _months_ending(first: date, last: date) -> list[tuple[date, date]]:
    """First and last day of the months whose last day lies between two days."""
    months = []
    day = first
    while day <= last:
        if (day + timedelta(days=1)).day == 1:
            months.append((day.replace(day=1), day))
        day += timedelta(days=1)
    return months
