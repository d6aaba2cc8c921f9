"""The truth about the adoption of features, counted from the facts."""

from collections import defaultdict
from datetime import date, datetime, timedelta
from functools import lru_cache

from sandbox.company.catalogue import FEATURES, HISTORY_START, PRODUCTS, Feature
from sandbox.company.company import Company
from sandbox.truth.facts import UNMAPPED, Facts, monday, usage_facts, weeks_before
from sandbox.truth.rows import Row, ratio_row, row

ADOPTION_DAYS = 84
USED_DAYS = 90
USED_LEAST_PEOPLE = 5
USED_LEAST_SHARE = 0.01
REPEAT_WEEKS = 4
REPEAT_LEAST = 2

INSTRUMENTED = [feature for feature in FEATURES if feature.is_instrumented]


def feature_rows(facts: Facts) -> list[Row]:
    """All feature metrics of the last eight complete weeks."""
    feature_days = _feature_days(facts)
    return [
        *_adoption(facts, feature_days),
        *_reach(facts, feature_days),
        *_account_adoption(facts),
        *_time_to_adopt(facts, feature_days),
        *_repeat_use(facts, feature_days),
        *_features_used(facts, feature_days),
    ]


def _feature_days(facts: Facts) -> dict[str, dict[int, set[date]]]:
    """Days on which each person used each feature."""
    days: dict[str, dict[int, set[date]]] = defaultdict(lambda: defaultdict(set))
    for use in facts.uses:
        if use.feature_id != UNMAPPED:
            days[use.feature_id][use.person].add(use.day)
    return days


def offers(feature: Feature, plan: str) -> bool:
    return not feature.eligible_plans or plan in feature.eligible_plans


def is_live(feature: Feature, day: date) -> bool:
    return feature.live_from <= day and (feature.live_until is None or day <= feature.live_until)


def days_of(week: date) -> set[date]:
    return {week + timedelta(days=number) for number in range(7)}


def _adoption(facts: Facts, feature_days: dict[str, dict[int, set[date]]]) -> list[Row]:
    rows: list[Row] = []
    for week in weeks_before(facts.as_of):
        for (feature_id, segment), uses in _adoption_of_week(facts, feature_days, week).items():
            rows.append(
                ratio_row(
                    "feature_adoption_rate",
                    "week",
                    week,
                    sum(uses),
                    len(uses),
                    feature_id=feature_id,
                    segment=segment,
                )
            )
    return rows


def _adoption_of_week(
    facts: Facts, feature_days: dict[str, dict[int, set[date]]], week: date
) -> dict[tuple[str, str | None], list[bool]]:
    """By feature and segment (None: all): whether each person who was active and could use the feature did."""
    days = days_of(week)
    active = {person: active & days for person, active in facts.active_days.items() if active & days}
    segments = {person: facts.segment(person, week) for person in active}
    groups: dict[tuple[str, str | None], list[bool]] = defaultdict(list)
    for feature in INSTRUMENTED:
        live = {day for day in days if is_live(feature, day)}
        for person, active_days in active.items():
            if not active_days & live or not offers(feature, facts.plan(person)):
                continue
            used = bool(feature_days[feature.id].get(person, set()) & live)
            groups[feature.id, None].append(used)
            groups[feature.id, segments[person]].append(used)
    return groups


def _reach(facts: Facts, feature_days: dict[str, dict[int, set[date]]]) -> list[Row]:
    rows: list[Row] = []
    for week in weeks_before(facts.as_of):
        days = days_of(week)
        active = sum(1 for active in facts.active_days.values() if active & days)
        for feature in INSTRUMENTED:
            users = sum(1 for used in feature_days[feature.id].values() if used & days)
            if active:
                rows.append(
                    ratio_row("feature_reach_rate", "week", week, users, active, feature_id=feature.id)
                )
    return rows


def _account_adoption(facts: Facts) -> list[Row]:
    active_days: dict[int, set[date]] = defaultdict(set)
    used_days: dict[str, dict[int, set[date]]] = defaultdict(lambda: defaultdict(set))
    for use in facts.account_uses:
        active_days[use.account.index].add(use.day)
        used_days[use.feature_id][use.account.index].add(use.day)
    rows: list[Row] = []
    for week in weeks_before(facts.as_of):
        days = days_of(week)
        for feature in INSTRUMENTED:
            live = {day for day in days if is_live(feature, day)}
            eligible = [
                facts.company.accounts[index]
                for index, active in active_days.items()
                if active & live and offers(feature, facts.company.accounts[index].plan)
            ]
            if not eligible:
                continue
            using = [
                account for account in eligible if used_days[feature.id].get(account.index, set()) & live
            ]
            rows.append(
                ratio_row(
                    "feature_account_adoption_rate",
                    "week",
                    week,
                    len(using),
                    len(eligible),
                    feature_id=feature.id,
                )
            )
            rows.append(
                ratio_row(
                    "feature_arr_adoption_rate",
                    "week",
                    week,
                    sum(account.arr_usd for account in using),
                    sum(account.arr_usd for account in eligible),
                    feature_id=feature.id,
                )
            )
    return rows


def _time_to_adopt(facts: Facts, feature_days: dict[str, dict[int, set[date]]]) -> list[Row]:
    rows: list[Row] = []
    for week in weeks_before(facts.as_of):
        end = week + timedelta(days=6)
        for feature in INSTRUMENTED:
            durations: list[tuple[int, bool]] = []
            for person, first_active in facts.first_day.items():
                if not offers(feature, facts.plan(person)):
                    continue
                if facts.is_pre_existing(person) and feature.live_from <= HISTORY_START:
                    continue
                start = max(first_active, feature.live_from)
                if not end - timedelta(days=ADOPTION_DAYS) < start <= end:
                    continue
                used = feature_days[feature.id].get(person)
                first_use = min(used) if used else None
                if first_use is not None and first_use <= end:
                    durations.append((max((first_use - start).days, 0), True))
                else:
                    durations.append(((end - start).days, False))
            if durations:
                rows.append(
                    row(
                        "feature_time_to_adopt_days_median",
                        "week",
                        week,
                        value=survival_median(durations),
                        numerator=sum(1 for _, ended in durations if ended),
                        denominator=len(durations),
                        feature_id=feature.id,
                    )
                )
    return rows


def survival_median(durations: list[tuple[int, bool]]) -> float | None:
    """Kaplan-Meier median of (days, has ended): the first day by which at most half are left; None if never."""
    survival = 1.0
    for day in sorted({days for days, ended in durations if ended}):
        at_risk = sum(1 for days, _ in durations if days >= day)
        ended_now = sum(1 for days, ended in durations if ended and days == day)
        survival *= 1 - ended_now / at_risk
        if survival <= 0.5 + 1e-9:
            return float(day)
    return None


def _repeat_use(facts: Facts, feature_days: dict[str, dict[int, set[date]]]) -> list[Row]:
    first_counted = HISTORY_START + timedelta(days=7)
    rows: list[Row] = []
    for week in weeks_before(facts.as_of):
        if week + timedelta(days=7 * REPEAT_WEEKS + 6) >= facts.as_of:
            continue
        following = {week + timedelta(days=7 * number) for number in range(1, REPEAT_WEEKS + 1)}
        for feature in INSTRUMENTED:
            repeats = []
            for used in feature_days[feature.id].values():
                if monday(min(used)) == week and min(used) >= first_counted:
                    repeats.append(len({monday(day) for day in used} & following) >= REPEAT_LEAST)
            if repeats:
                rows.append(
                    ratio_row(
                        "feature_repeat_use_rate",
                        "week",
                        week,
                        sum(repeats),
                        len(repeats),
                        feature_id=feature.id,
                    )
                )
    return rows


def _judged(
    facts: Facts, week: date, feature_days: dict[str, dict[int, set[date]]]
) -> tuple[list[Feature], list[Feature]]:
    """Features that can be judged at the end of a week, and those of them that next to nobody used in 90 days."""
    end = week + timedelta(days=6)
    window = {end - timedelta(days=back) for back in range(USED_DAYS)}
    plans = [facts.plan(person) for person, active in facts.active_days.items() if active & window]
    judged, unused = [], []
    for feature in INSTRUMENTED:
        if feature.live_from > end - timedelta(days=USED_DAYS - 1):
            continue
        if feature.live_until is not None and feature.live_until < end:
            continue
        eligible = sum(1 for plan in plans if offers(feature, plan))
        if not eligible:
            continue
        judged.append(feature)
        users = sum(1 for used in feature_days[feature.id].values() if used & window)
        if users < USED_LEAST_PEOPLE or users / eligible < USED_LEAST_SHARE:
            unused.append(feature)
    return judged, unused


def _features_used(facts: Facts, feature_days: dict[str, dict[int, set[date]]]) -> list[Row]:
    rows: list[Row] = []
    for week in weeks_before(facts.as_of):
        judged, unused = _judged(facts, week, feature_days)
        for product_id in (None, *(product.id for product in PRODUCTS)):
            mine = [feature for feature in judged if product_id in (None, feature.product)]
            dead = [feature for feature in unused if product_id in (None, feature.product)]
            if mine:
                used = len(mine) - len(dead)
                rows.append(
                    ratio_row("features_used_rate", "week", week, used, len(mine), product_id=product_id)
                )
            rows.append(row("zombie_features", "week", week, value=len(dead), product_id=product_id))
    return rows


def weekly_feature_users(company: Company, as_of: date, read_at: datetime) -> dict[tuple[str, date], int]:
    """Users of each feature by Monday of the complete week of history; pairs without users are left out."""
    counts: dict[tuple[str, date], int] = {}
    for feature_id, by_person in _feature_days(usage_facts(company, as_of, read_at)).items():
        for days in by_person.values():
            for week in {monday(day) for day in days}:
                if week + timedelta(days=6) < as_of:
                    counts[feature_id, week] = counts.get((feature_id, week), 0) + 1
    return counts


def weekly_users(company: Company, as_of: date, read_at: datetime) -> dict[date, int]:
    """Active users by Monday of the complete week of history."""
    counts: dict[date, int] = {}
    for days in usage_facts(company, as_of, read_at).active_days.values():
        for week in {monday(day) for day in days}:
            if week + timedelta(days=6) < as_of:
                counts[week] = counts.get(week, 0) + 1
    return counts


@lru_cache(maxsize=4)
def weekly_feature_adoption(
    company: Company, as_of: date, read_at: datetime
) -> dict[tuple[str, date], tuple[int, int]]:
    """Adopters and eligible active users of each instrumented feature by Monday of the complete week of history."""
    facts = usage_facts(company, as_of, read_at)
    feature_days = _feature_days(facts)
    counts: dict[tuple[str, date], tuple[int, int]] = {}
    week = HISTORY_START
    while week + timedelta(days=6) < as_of:
        for (feature_id, segment), uses in _adoption_of_week(facts, feature_days, week).items():
            if segment is None:
                counts[feature_id, week] = (sum(uses), len(uses))
        week += timedelta(days=7)
    return counts
