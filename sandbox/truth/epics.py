"""Time to market of epics, said in plain Python: survival medians, and the days spent in each stage."""

import itertools
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sandbox.company.catalogue import FEATURES
from sandbox.company.company import Company
from sandbox.company.work_time import local_date
from sandbox.truth.features import weekly_feature_adoption
from sandbox.truth.issues import IssueFacts
from sandbox.truth.rows import Row
from sandbox.truth.support import last_weeks, percentile, row

POPULATION_DAYS = 364
STAGE_DAYS = 91
# Stages in the order in which an epic passes them; a stage ends when the next one that has a date begins. Issues pass
# some side by side: those share their days by the time that the issues spent in each.
STAGE_ORDER = ("idea", "discovery", "ready", "build", "review", "released", "launched", "adopted")

_OF_ISSUES = ("build", "review")


@dataclass(frozen=True)
class EpicFacts:
    """An epic's dates, and the days in each stage that has an end (None: the order was broken)."""

    team_id: str
    accepted: date
    launched: date | None
    stage_days: dict[str, float | None]


def epic_rows(company: Company, as_of: date, read_at: datetime, issues: list[IssueFacts]) -> list[Row]:
    """Time to market, whole and by stage, of the last eight complete weeks."""
    epics = [
        _epic(company, as_of, read_at, epic, issues)
        for epic in issues
        if epic.issue.level == 1 and not epic.is_excluded
    ]
    rows: list[Row] = []
    for week in last_weeks(as_of):
        week_end = week + timedelta(days=6)
        rows.extend(_time_to_market(epics, week, week_end, None))
        for team_id in sorted({epic.team_id for epic in epics}):
            rows.extend(_time_to_market([e for e in epics if e.team_id == team_id], week, week_end, team_id))
        launched = [
            e for e in epics if e.launched and week_end - timedelta(days=STAGE_DAYS) < e.launched <= week_end
        ]
        for stage in STAGE_ORDER[:-1]:
            days = [epic.stage_days[stage] for epic in launched if stage in epic.stage_days]
            known = [value for value in days if value is not None]
            if known:
                rows.append(
                    row("time_to_market_stage_days_median", week, percentile(known, 0.5), stage=stage)
                )
    return rows


def kaplan_meier_median(durations: list[tuple[int, bool]]) -> int | None:
    """The smallest duration at which at most half still wait. `durations`: (days, whether it happened)."""
    survival = 1.0
    for days in sorted({days for days, happened in durations if happened}):
        at_risk = sum(1 for other, _ in durations if other >= days)
        events = sum(1 for other, happened in durations if happened and other == days)
        survival *= 1 - events / at_risk
        if survival <= 0.5 + 1e-9:
            return days
    return None


def _time_to_market(epics: list[EpicFacts], week: date, week_end: date, team_id: str | None) -> list[Row]:
    accepted = [
        e
        for e in epics
        if week_end - timedelta(days=POPULATION_DAYS) < e.accepted <= week_end
        # How long what was launched before it was written down took, nobody knows.
        and not (e.launched is not None and e.launched < e.accepted)
    ]
    if not accepted:
        return []
    durations: list[tuple[int, bool]] = []
    for epic in accepted:
        if epic.launched is not None and epic.launched <= week_end:
            durations.append(((epic.launched - epic.accepted).days, True))
        else:
            durations.append(((week_end - epic.accepted).days, False))
    median = kaplan_meier_median(durations)
    launched = float(sum(happened for _, happened in durations))
    value = None if median is None else float(median)
    return [
        row(
            "time_to_market_days_median",
            week,
            value,
            team_id=team_id,
            numerator=launched,
            denominator=float(len(durations)),
        )
    ]


def _epic(
    company: Company, as_of: date, read_at: datetime, epic: IssueFacts, issues: list[IssueFacts]
) -> EpicFacts:
    children = [child for child in issues if child.issue.parent is epic.issue and child.issue.level == 0]
    feature = next((feature for feature in FEATURES if epic.issue.key in feature.epics), None)
    releases = [day for day, is_released in epic.versions if is_released and day is not None]
    released = max(releases, default=None)
    launched = feature.launched_on if feature is not None else released
    if released is None and children and all(child.is_done for child in children):
        released = max(local_date(child.done_at) for child in children if child.done_at is not None)
    begun = [
        child.first_category_entry["indeterminate"]
        for child in children
        if "indeterminate" in child.first_category_entry
    ]
    reviewed = [
        child.first_stage_entry["review"] for child in children if "review" in child.first_stage_entry
    ]

    dates: dict[str, date | None] = {
        "idea": epic.created_date,
        "discovery": local_date(epic.first_stage_entry["discovery"])
        if "discovery" in epic.first_stage_entry
        else None,
        "ready": local_date(epic.first_stage_entry["ready"]) if "ready" in epic.first_stage_entry else None,
        "build": local_date(min(begun)) if begun else None,
        "review": local_date(min(reviewed)) if reviewed else None,
        "released": released,
        "launched": launched,
        "adopted": _adopted(company, as_of, read_at, feature.id) if feature is not None else None,
    }
    present = [(stage, day) for stage in STAGE_ORDER if (day := dates[stage]) is not None]
    stage_days: dict[str, float | None] = {}
    for (stage, day), (_, following) in itertools.pairwise(present):
        stage_days[stage] = (following - day).days if following >= day else None
    _share_days(stage_days, present, [child.stage_seconds for child in children if child.is_delivered])
    return EpicFacts(epic.team_id, epic.created_date, launched, stage_days)


def _share_days(
    stage_days: dict[str, float | None], present: list[tuple[str, date]], spent: list[dict[str, int]]
) -> None:
    """Split the days of the stages that issues pass side by side, once the stage after them has begun."""
    seconds = {
        stage: sum(each.get(stage, 0) for each in spent) for stage in _OF_ISSUES if stage in dict(present)
    }
    if not sum(seconds.values()):
        return
    first = min(dict(present)[stage] for stage in seconds)
    after = next(
        (day for stage, day in present if stage in STAGE_ORDER[STAGE_ORDER.index("review") + 1 :]), None
    )
    for stage, own in seconds.items():
        stage_days.pop(stage, None)
        if after is not None:
            days = (after - first).days
            stage_days[stage] = None if days < 0 else days * own / sum(seconds.values())


def _adopted(company: Company, as_of: date, read_at: datetime, feature_id: str) -> date | None:
    """The last day of the first complete week in which enough of those who could use the feature did."""
    target = next(feature.adoption_target for feature in FEATURES if feature.id == feature_id)
    weeks = sorted(
        week
        for (feature, week), (used, eligible) in weekly_feature_adoption(company, as_of, read_at).items()
        if feature == feature_id and eligible and used / eligible >= target
    )
    return weeks[0] + timedelta(days=6) if weeks else None
