"""What the delivery metrics must be, said in plain Python from the issues themselves.

Changes at or after midnight of the as-of date (reporting time zone) have not happened; versions, which keep
no history, are as they are at the moment at which the night reads the tracker.
"""

from datetime import date, datetime, timedelta

from sandbox.company.catalogue import STAGES
from sandbox.company.company import Company
from sandbox.company.work_time import local_date, seconds_between
from sandbox.truth.epics import epic_rows
from sandbox.truth.issues import IssueFacts, issue_facts
from sandbox.truth.rows import Row
from sandbox.truth.support import last_weeks, percentile, row


def truth_rows(company: Company, as_of: date, read_at: datetime) -> list[Row]:
    """Every delivery metric of the last eight complete weeks; groups without an issue have no row."""
    every_issue = issue_facts(company, as_of, read_at)
    standard = [facts for facts in every_issue if facts.issue.level == 0]
    rows: list[Row] = []
    for week in last_weeks(as_of):
        days = [week + timedelta(days=place) for place in range(7)]
        resolved = [
            f for f in standard if f.is_delivered and f.resolved_at and local_date(f.resolved_at) in days
        ]
        done = [f for f in standard if f.is_delivered and f.done_at and local_date(f.done_at) in days]
        for group, members in _by_team(resolved):
            lead = [
                seconds_between(f.created_at, f.resolved_at) for f in members if f.resolved_at is not None
            ]
            rows.extend(_spread("issue_lead_time_seconds", week, lead, **group))
            committed = float(sum(f.commitment(f.first_due) is not None for f in members))
            share = {"numerator": committed, "denominator": float(len(members))}
            rows.append(row("committed_issue_share", week, committed / len(members), **share, **group))
        for group, members in _by_team(done):
            cycle = [f.cycle_seconds for f in members if f.cycle_seconds is not None]
            rows.extend(_spread("issue_cycle_time_seconds", week, cycle, **group))
        rows.extend(_stage_times(resolved, week))
        rows.extend(_flow(resolved, week))
        rows.extend(_slips(resolved, week))
        if days[-1] + timedelta(days=30) < as_of:
            rows.extend(_reopens(standard, days))
        rows.extend(_on_time("on_time_rate", standard, days, by_first_due=True))
        rows.extend(_on_time("on_time_rate_last_due", standard, days, by_first_due=False))
    return rows + epic_rows(company, as_of, read_at, every_issue)


def _by_team(issues: list[IssueFacts]) -> list[tuple[dict[str, str], list[IssueFacts]]]:
    """All issues, then those of each team; groups with nothing in them are left out."""
    groups: list[tuple[dict[str, str], list[IssueFacts]]] = [({}, issues)] if issues else []
    for team_id in sorted({facts.team_id for facts in issues}):
        groups.append(({"team_id": team_id}, [facts for facts in issues if facts.team_id == team_id]))
    return groups


def _spread(metric: str, week: date, seconds: list[int], **group: str) -> list[Row]:
    """Median, 85th percentile and mean; none of them without values."""
    if not seconds:
        return []
    total, count = float(sum(seconds)), float(len(seconds))
    return [
        row(f"{metric}_median", week, percentile(seconds, 0.5), **group),
        row(f"{metric}_p85", week, percentile(seconds, 0.85), **group),
        row(f"{metric}_mean", week, total / count, numerator=total, denominator=count, **group),
    ]


def _stage_times(resolved: list[IssueFacts], week: date) -> list[Row]:
    rows: list[Row] = []
    for stage in sorted({stage for facts in resolved for stage in facts.stage_seconds}):
        for group, members in _by_team([facts for facts in resolved if stage in facts.stage_seconds]):
            seconds = [facts.stage_seconds[stage] for facts in members]
            rows.append(
                row("stage_time_seconds_median", week, percentile(seconds, 0.5), stage=stage, **group)
            )
            rows.append(row("stage_time_seconds_p85", week, percentile(seconds, 0.85), stage=stage, **group))
    return rows


def _flow(resolved: list[IssueFacts], week: date) -> list[Row]:
    """Of the time in stages of a known flow, the share in active ones; of the issues that were in one."""
    of_flow = {flow: {stage.id for stage in STAGES if stage.flow == flow} for flow in ("active", "waiting")}
    rows: list[Row] = []
    for group, members in _by_team([f for f in resolved if of_flow["active"] & f.stage_seconds.keys()]):
        active, waiting = (
            float(sum(f.stage_seconds.get(stage, 0) for f in members for stage in of_flow[flow]))
            for flow in ("active", "waiting")
        )
        share = {"numerator": active, "denominator": active + waiting}
        rows.append(row("flow_efficiency", week, active / (active + waiting), **share, **group))
    return rows


def _slips(delivered: list[IssueFacts], week: date) -> list[Row]:
    """How far, and how often, the dates were moved of what was delivered with one."""
    rows: list[Row] = []
    for group, members in _by_team(delivered):
        moves = float(sum(f.due_moves for f in members if f.first_due and f.last_due))
        rows.append(row("due_date_moves", week, moves, numerator=moves, **group))
        if days := [(f.last_due - f.first_due).days for f in members if f.first_due and f.last_due]:
            rows.append(row("due_slip_days_median", week, percentile(days, 0.5), **group))
    return rows


def _reopens(issues: list[IssueFacts], days: list[date]) -> list[Row]:
    """Of the issues first done in the week, the share that left done again within 30 days."""
    first_done = [f for f in issues if f.first_done_at is not None and local_date(f.first_done_at) in days]
    rows: list[Row] = []
    for group, members in _by_team(first_done):
        reopened, total = float(sum(bool(f.is_reopened) for f in members)), float(len(members))
        share = {"numerator": reopened, "denominator": total}
        rows.append(row("issue_reopen_rate", days[0], reopened / total, **share, **group))
    return rows


def _on_time(metric: str, issues: list[IssueFacts], days: list[date], *, by_first_due: bool) -> list[Row]:
    """Of the issues promised for the week, refused ones apart, the share resolved by the promised day."""
    rows: list[Row] = []
    promised: list[IssueFacts] = []
    on_time_ids: set[int] = set()
    for facts in issues:
        commitment = facts.commitment(facts.first_due if by_first_due else facts.last_due)
        if commitment is None or commitment not in days or facts.is_excluded:
            continue
        promised.append(facts)
        if facts.resolved_at is not None and local_date(facts.resolved_at) <= commitment:
            on_time_ids.add(facts.issue.id)
    for group, members in _by_team(promised):
        on_time = float(sum(facts.issue.id in on_time_ids for facts in members))
        due = float(len(members))
        rows.append(row(metric, days[0], on_time / due, numerator=on_time, denominator=due, **group))
    return rows
