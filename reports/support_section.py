"""Support: where tickets come from and how they are answered."""

from collections.abc import Sequence

import pandas as pd

from reports import charts, wording
from reports.model import HealthReport
from reports.sections import (
    FEWEST_USERS,
    Figure,
    Head,
    Row,
    Section,
    Table,
    caveats,
    cell,
    cell_of_week,
    count,
    head,
    in_order,
    named,
    of_week,
    pale_note,
    table_of,
    warning,
    weeks,
    with_faint,
    worded,
)
from settings.units import Unit

_FEATURES_SHOWN, _RATES_SHOWN = 5, 10
# Days since a ticket was created.
_AGES, _OLD = ((0, 6), (7, 29), (30, 89)), 90
# Weeks before this one with which it is compared.
_USUAL_WEEKS = 4
_ANSWERS = (
    "tickets_created",
    "first_reply_seconds_median",
    "first_reply_seconds_p85",
    "first_reply_business_seconds_median",
    "full_resolution_seconds_median",
    "sla_attainment_rate",
    "one_touch_rate",
    "ticket_csat_rate",
)


def support(
    report: HealthReport, features: Sequence[str] | None = None, is_brief: bool = False
) -> Section | None:
    """Tickets and answers; of these features or of all. In brief: not by customer segment."""
    say = report.say
    weekly = weeks(report.by("tickets_created", "feature_id"), report)
    if features is not None:
        weekly = weekly[weekly["feature_id"].isin(features)]
    if weekly.empty or not report.has("tickets_created"):
        return None
    figures = [*_trend(report, weekly), *_pressure(report, features)]
    tables = [
        *_backlog(report, features),
        *([_by_theme(report)] if features is None else []),
        _by_feature(report, features),
    ] + ([] if is_brief or features is not None else [_by_segment(report)])
    return Section(
        "support",
        say.text("Support"),
        figures=tuple(figures),
        tables=tuple(table for table in tables if table.rows),
        trust=caveats(
            report,
            ("support", "crm"),
            ("support", "ticket"),
            ("tickets_tagged_with_feature", "tickets_with_account"),
        ),
    )


def _trend(report: HealthReport, weekly: pd.DataFrame) -> list[Figure]:
    say = report.say
    of_features = weekly[~weekly["feature_id"].isin(["(untagged)", "(unmapped)"])]
    busiest = of_features.groupby("feature_id")["value"].sum().nlargest(_FEATURES_SHOWN).index
    rows = _every_week(
        report, of_features[of_features["feature_id"].isin(busiest) & of_features["value"].notna()]
    )
    if rows.empty:
        return []
    rows = rows.assign(feature=[report.name(key) for key in rows["feature_id"]])
    title = say.text("Tickets by feature and week")
    caption = say.plural(
        "Tickets a week on the feature that brings most of them.",
        "Tickets a week on the {n} features that bring most of them.",
        len(busiest),
    )
    return [
        Figure(
            caption,
            charts.lines(rows, "feature", say.text("tickets"), title, say),
            table_of(
                report, title, rows, ("period_start", say.text("week of")), "feature", "tickets_created"
            ),
            warning(report, "tickets_created"),
        )
    ]


def _every_week(report: HealthReport, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with a zero for each week in which a feature had no ticket while others had: it has no row then."""
    starts = sorted(set(weeks(report.series("tickets_created"), report)["period_start"]))
    known = set(zip(rows["feature_id"], rows["period_start"], strict=True))
    quiet = [
        {"metric": "tickets_created", "feature_id": feature, "period_start": start, "value": 0.0, "n": 0}
        for feature in dict.fromkeys(rows["feature_id"])
        for start in starts
        if (feature, start) not in known
    ]
    if not quiet:
        return rows
    return pd.concat([rows, pd.DataFrame(quiet)]).sort_values(["period_start", "feature_id"])


def _pressure(report: HealthReport, features: Sequence[str] | None) -> list[Figure]:
    say = report.say
    rates = of_week(report.by("contact_rate", "feature_id"), report)
    rates = rates[rates["value"].notna() & (rates["denominator"] >= FEWEST_USERS)]
    if features is not None:
        rates = rates[rates["feature_id"].isin(features)]
    rates = with_faint(report, "contact_rate", rates.nlargest(_RATES_SHOWN, "value"))
    if rates.empty:
        return []
    drawn = pd.DataFrame(
        {
            "feature": [report.name(key) for key in rates["feature_id"]],
            "is_faint": list(rates["is_faint"]),
            "value": rates["value"].to_numpy(),
            "text": [wording.quantity(say, value, Unit.TICKETS_PER_1000_USERS) for value in rates["value"]],
        }
    )
    title = say.text("Contact rate by feature")
    return [
        Figure(
            say.text(
                "Tickets per 1,000 users of the feature this week (features with {n} users or more).",
                n=FEWEST_USERS,
            )
            + pale_note(report, rates, "contact_rate"),
            charts.bars(drawn, "feature", say.text("tickets per 1,000 users"), title, say),
            Table(
                title,
                (
                    Head(say.text("feature")),
                    Head(say.text("contact rate"), True),
                    Head(say.text("tickets"), True),
                    Head(say.text("all its users"), True),
                ),
                tuple(
                    (
                        report.name(str(row["feature_id"])),
                        cell(report, "contact_rate", row),
                        count(report, row["numerator"]),
                        count(report, row["denominator"]),
                    )
                    for row in rates.to_dict("records")
                ),
            ),
            warning(report, "contact_rate"),
        )
    ]


def _backlog(report: HealthReport, features: Sequence[str] | None) -> list[Table]:
    """Tickets that are not solved, by feature and age, those with most first."""
    say, tickets = report.say, report.facts.tickets
    if tickets.empty:
        return []
    if features is not None:
        tickets = tickets[tickets["feature_id"].isin(features)]
    ages = [(report.as_of - pd.Timestamp(day).date()).days for day in tickets["created_date"]]
    by_feature = tickets.assign(age=ages).groupby("feature_id")["age"]
    order = by_feature.size().sort_values(ascending=False, kind="stable").index
    rows: list[Row] = [
        (named(report, str(feature)), *_ages(report, by_feature.get_group(feature)))
        for feature in order[:_RATES_SHOWN]
    ]
    if features is None and rows:
        rows.append((say.text("all features"), *_ages(report, pd.Series(ages))))
    return [
        Table(
            say.text("Tickets not solved as of {day}, by days since they were created.", day=say.day(report.as_of)),
            (
                Head(say.text("feature")),
                Head(say.text("not solved"), True),
                *(Head(say.text("{first} to {last} days", first=first, last=last), True) for first, last in _AGES),
                Head(say.text("{n} days and more", n=_OLD), True),
                Head(say.text("median age"), True),
            ),
            tuple(rows),
        )
    ]  # fmt: skip


def _by_theme(report: HealthReport) -> Table:
    """What tickets are about: those of the week beside the weeks before, what moved most first, and what is not solved by its age."""
    say, tickets = report.say, report.facts.tickets
    weekly = weeks(report.by("tickets_created", "theme_id"), report, _USUAL_WEEKS + 1)
    is_now = pd.to_datetime(weekly["period_start"]) == pd.Timestamp(report.week_start)
    now = weekly[is_now].groupby("theme_id")["value"].sum()
    before = weekly[~is_now].groupby("theme_id")["value"].sum() / max(
        1, weekly.loc[~is_now, "period_start"].nunique()
    )
    # Themes that nobody declared are no themes.
    known = sorted({*now.index, *before.index} - {"(no theme)"})
    moved = {theme: now.get(theme, 0.0) - before.get(theme, 0.0) for theme in known}
    order = sorted(known, key=lambda theme: (-abs(moved[theme]), theme)) + (["(no theme)"] if known else [])
    rows: list[Row] = []
    for theme in order:
        ages = pd.Series(
            [
                (report.as_of - pd.Timestamp(day).date()).days
                for day in tickets.loc[tickets["theme_id"] == theme, "created_date"]
            ]
            if len(tickets)
            else [],
            dtype="float64",
        )
        rows.append(
            (
                named(report, theme),
                count(report, now.get(theme, 0.0)),
                wording.quantity(say, before.get(theme, 0.0), Unit.COUNT),
                *((count(report, len(ages)), count(report, int((ages >= _OLD).sum()))) if len(tickets) else (wording.MISSING,) * 2),
                wording.quantity(say, float(ages.median()), Unit.DAYS) if len(ages) else wording.MISSING,
            )
        )  # fmt: skip
    return Table(
        say.text(
            "What tickets are about, by the registry's themes: those created this week beside the mean of the {weeks} weeks before, the largest difference first, and those not solved as of {day}.",
            weeks=_USUAL_WEEKS,
            day=say.day(report.as_of),
        ),
        (
            Head(say.text("theme")),
            head(report, say.text("this week"), "tickets_created"),
            Head(say.text("mean of {weeks} weeks before", weeks=_USUAL_WEEKS), True),
            Head(say.text("not solved"), True),
            Head(say.text("{n} days and more", n=_OLD), True),
            Head(say.text("median age"), True),
        ),
        tuple(rows),
    )


def _ages(report: HealthReport, ages: pd.Series) -> tuple[str, ...]:
    within = [int(ages.between(first, last).sum()) for first, last in _AGES]
    counts = (len(ages), *within, int((ages >= _OLD).sum()))
    return (
        *(count(report, each) for each in counts),
        wording.quantity(report.say, float(ages.median()), Unit.DAYS),
    )


def _there(report: HealthReport) -> list[str]:
    return [metric for metric in _ANSWERS if report.has(metric)]


def _columns(report: HealthReport, first: str, metrics: Sequence[str]) -> tuple[Head, ...]:
    labels = (report.say.text(report.definitions[metric].label) for metric in metrics)
    return (Head(first), *(head(report, text, metric) for text, metric in zip(labels, metrics, strict=True)))


def _by_feature(report: HealthReport, features: Sequence[str] | None) -> Table:
    """Features with tickets this week, those with most first."""
    say = report.say
    rows = of_week(report.by("tickets_created", "feature_id"), report)
    rows = rows[rows["value"] > 0]
    if features is not None:
        rows = rows[rows["feature_id"].isin(features)]
    metrics = [
        metric
        for metric in _there(report)
        if report.by(metric, "feature_id")["value"].notna().any()
    ]  # fmt: skip
    lines: tuple[Row, ...] = tuple(
        (
            named(report, feature),
            *(cell_of_week(report, metric, feature_id=feature) for metric in metrics),
        )
        for feature in rows.sort_values(["value", "feature_id"], ascending=[False, True])["feature_id"]
    )
    return Table(
        say.text("Tickets and answers by feature this week (calendar hours, unless business time is said)."),
        _columns(report, say.text("feature"), metrics),
        lines,
    )


def _by_segment(report: HealthReport) -> Table:
    say = report.say
    metrics = [metric for metric in _there(report) if report.by(metric, "segment")["value"].notna().any()]
    lines: list[Row] = []
    there = (row for metric in metrics for row in of_week(report.by(metric, "segment"), report)["segment"])
    for segment in in_order(report.words.segments, there):
        cells = [cell_of_week(report, metric, segment=segment) for metric in metrics]
        if any(each.text != wording.MISSING for each in cells):
            lines.append((worded(report, report.words.segments, segment), *cells))
    totals = [cell_of_week(report, metric) for metric in metrics]
    if lines:
        lines.append((say.text("all customers"), *totals))
    return Table(
        say.text(
            "Tickets and answers by customer segment this week (calendar hours, unless business time is said)."
        ),
        _columns(report, say.text("segment"), metrics),
        tuple(lines),
    )
