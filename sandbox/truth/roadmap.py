"""What the metrics of the roadmap's links must be, said in plain Python from its items and the tracker's issues.

The state of things is that of the moment at which a week ends; release dates, of which the tracker keeps no history,
are as they are when the night reads it.
"""

from datetime import date, datetime, timedelta
from statistics import median

from sandbox.company.company import Company
from sandbox.company.delivery.model import Issue
from sandbox.company.roadmap.catalogue import STATUS_BY_NAME
from sandbox.company.roadmap.model import Item
from sandbox.company.work_time import midnight
from sandbox.truth.issues import stage_of
from sandbox.truth.rows import Row, ratio_row, row
from sandbox.truth.support import last_weeks

UNMAPPED = "(unmapped)"
STAGE_ORDER = ("idea", "discovery", "ready", "build", "review", "released")
JUST_BEFORE = timedelta(microseconds=1)


def truth_rows(company: Company, as_of: date, read_at: datetime) -> list[Row]:
    """The roadmap's metrics of the last eight complete weeks, whole and by product."""
    rows: list[Row] = []
    for week in last_weeks(as_of):
        moment = midnight(week + timedelta(days=7)) - JUST_BEFORE
        active = [each for each in company.roadmap.features if _is_active(each, moment)]
        rows += _rows(company, active, week, moment, read_at, None)
        for product_id in sorted({each.product_id or UNMAPPED for each in active}):
            own = [each for each in active if (each.product_id or UNMAPPED) == product_id]
            rows += _rows(company, own, week, moment, read_at, product_id)
    return rows


def _rows(
    company: Company,
    active: list[Item],
    week: date,
    moment: datetime,
    read_at: datetime,
    product_id: str | None,
) -> list[Row]:
    linked = {each: issues for each in active if (issues := _issues(company, each, moment))}
    agreements = [_agrees(each, issues, moment) for each, issues in linked.items()]
    known = [agrees for agrees in agreements if agrees is not None]
    gaps = [
        gap for each, issues in linked.items() if (gap := _gap(each, issues, moment, read_at)) is not None
    ]
    rows = []
    if active:
        rows.append(
            ratio_row("roadmap_link_rate", "week", week, len(linked), len(active), product_id=product_id)
        )
    if known:
        rows.append(
            ratio_row(
                "roadmap_status_agreement_rate", "week", week, sum(known), len(known), product_id=product_id
            )
        )
    if gaps:
        rows.append(
            row(
                "roadmap_date_gap_days_median", "week", week, value=float(median(gaps)), product_id=product_id
            )
        )
    return rows


def _is_active(item: Item, moment: datetime) -> bool:
    """On the roadmap: neither archived nor deleted, and in no status that stands before or after the work."""
    state = item.at(moment)
    status = STATUS_BY_NAME.get(state.status or "")
    is_on_roadmap = status is None or status.is_active
    return item.type == "feature" and item.exists(moment) and not state.is_archived and is_on_roadmap


def _issues(company: Company, item: Item, moment: datetime) -> list[Issue]:
    """The issues that exist and that the item is linked with, by the integration or as the source of the item."""
    found = {each.issue for each in company.roadmap.connections if each.item is item and each.exists(moment)}
    found.add(item.imported_from)
    return [each for each in found if each is not None and each.created_at <= moment]


def _agrees(item: Item, issues: list[Issue], moment: datetime) -> bool | None:
    """Of several issues the one that is least far counts. None when either side has no stage."""
    status = STATUS_BY_NAME.get(item.at(moment).status or "")
    stages = [stage for each in issues if (stage := stage_of(each.at(moment).status)) in STAGE_ORDER]
    if status is None or not stages:
        return None
    return min(stages, key=STAGE_ORDER.index) in status.agrees_with


def _gap(item: Item, issues: list[Issue], moment: datetime, read_at: datetime) -> int | None:
    """Days between the end of the item's timeframe and the latest of its issues' promises."""
    ends_on = item.at(moment).ends_on
    promises = [day for each in issues if (day := _promise(each, moment, read_at)) is not None]
    if ends_on is None or not promises:
        return None
    return abs((ends_on - max(promises)).days)


def _promise(issue: Issue, moment: datetime, read_at: datetime) -> date | None:
    """The first due date that was set by then; else the last release date of the issue's versions."""
    due_dates = [issue.first.due]
    for history in issue.histories:
        due_dates += [
            change.after for change in history.changes if change.name == "due" and history.at <= moment
        ]
    first_due = next((day for day in due_dates if day is not None), None)
    releases = [each.release_date(read_at) for each in issue.at(read_at).versions]
    return first_due or max((day for day in releases if day is not None), default=None)
