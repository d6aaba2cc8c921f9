"""What people say: satisfaction with its intervals, feedback by feature, and the pulse of the teams."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import pandas as pd

from reports import charts, wording
from reports.changes import interval_of_nps
from reports.findings import finding_on
from reports.model import HealthReport
from reports.news import band_of
from reports.sections import (
    SMALLEST_GROUP,
    TREND_WEEKS,
    Cell,
    Figure,
    Head,
    Row,
    Section,
    Table,
    Trust,
    caveats,
    cell,
    count,
    head,
    in_order,
    is_small,
    margin,
    named,
    newest,
    number,
    pooled_row,
    row_of_week,
    table_of,
    warning,
    weeks,
    worded,
)

# What is asked: of features in surveys, of answers in support.
_RATES = ("csat_rate", "ticket_csat_rate")
_NOT_A_FEATURE = ("(unmapped)", "(unknown)", "(untagged)")
_FEATURES_SHOWN = 5


def satisfaction(report: HealthReport, features: Sequence[str] | None = None) -> Section | None:
    """What people answer: NPS, satisfaction in surveys and with the answers to tickets, each with its interval."""
    say = report.say
    tables = [] if features is not None else [_nps(report), _rates(report)]
    tables = [table for table in (*tables, _by_feature(report, features)) if table.rows]
    if not tables:
        return None
    return Section(
        "satisfaction",
        say.text("Satisfaction"),
        tables=tuple(tables),
        trust=caveats(report, ("surveys",), ("survey", "rating")),
    )


def feedback(
    report: HealthReport, features: Sequence[str] | None = None, is_brief: bool = False
) -> Section | None:
    """What customers said unasked: how much by feature, and how much of it is negative; of these features or of all.

    In brief: only the features that most is said about.
    """
    say = report.say
    weekly = weeks(report.by("feedback_received", "feature_id"), report)
    weekly = weekly[weekly["value"] > 0]
    if features is not None:
        weekly = weekly[weekly["feature_id"].isin(features)]
    if weekly.empty:
        return None
    of_features = weekly[~weekly["feature_id"].isin(_NOT_A_FEATURE)]
    most = of_features.groupby("feature_id")["value"].sum().nlargest(_FEATURES_SHOWN).index
    return Section(
        "feedback",
        say.text("Feedback"),
        figures=tuple(_feedback_trend(report, of_features[of_features["feature_id"].isin(most)])),
        tables=() if is_brief else (_feedback_table(report, weekly, features is None),),
        trust=_with_deals(
            report,
            caveats(report, ("roadmap",), ("feedback",), ("feedback_with_feature", "feedback_with_account")),
        ),
    )


def _with_deals(report: HealthReport, trust: Trust) -> Trust:
    """Where deals are known: why none of them stands beside feedback."""
    if not any(each.family == "crm" and each.is_on for each in report.sources):
        return trust
    reason = report.say.text(
        "Deals won after feedback are not shown: a deal belongs to a customer and to no feature, and no tool says which feedback it followed."
    )
    return replace(trust, limits=(*trust.limits, reason))


def pulse(report: HealthReport, team: str | None = None) -> Section | None:
    """How the teams are, by their own answers; no group below five is shown. Of one team or of all."""
    say = report.say
    rows = report.by("team_pulse_rate", "team_id")
    teams = (
        sorted(set(rows["team_id"]), key=lambda each: (each.startswith("("), each))
        if team is None
        else [team]
    )
    groups: list[tuple[str, dict[str, str]]] = [(named(report, each), {"team_id": each}) for each in teams]
    if team is None:
        groups.append((say.text("all teams"), {}))
    lines = _lines(report, "team_pulse_rate", groups)
    if not lines:
        return None
    return Section(
        "pulse",
        say.text("Team pulse"),
        tables=(
            Table(
                say.text(
                    "Answers of colleagues that are one of the two highest points of the scale, in the newest whole month, with the 95% interval; small teams are shown together."
                ),
                (
                    Head(say.text("team")),
                    Head(say.text("month")),
                    head(report, say.text("content"), "team_pulse_rate"),
                    Head(say.text("interval"), True),
                    Head(say.text("answers"), True),
                    Head(say.text("on the month before"), True),
                ),
                lines,
            ),
        ),
        trust=caveats(report, (), ("pulse",)),
    )


def _lines(
    report: HealthReport, metric: str, groups: Sequence[tuple[str, dict[str, str]]]
) -> tuple[Row, ...]:
    """The newest value of each group: name, period, value, interval, answers, change."""
    say, lines = report.say, []
    if metric not in report.definitions:
        return ()
    # A group without answers in the newest period is left out: an older number beside newer ones misleads.
    starts = [
        row["period_start"] for _, dimensions in groups if (row := newest(report, metric, None, **dimensions))
    ]
    latest = max(starts, default=None)  # type: ignore[type-var]
    for name, dimensions in groups:
        row = dict(newest(report, metric, None, **dimensions))
        if not row or row["period_start"] != latest:
            continue
        before = newest(report, metric, before=row["period_start"], **dimensions)  # type: ignore[arg-type]
        value = cell(report, metric, row)
        lines.append(
            (
                name,
                wording.period(say, str(row["grain"]), row["period_start"]),  # type: ignore[arg-type]
                Cell(value.text, value.is_faint),
                interval_of_nps(report, row, **dimensions)
                if metric == "nps"
                else margin(report, metric, row),
                count(report, row["n"]),
                _judged_change(report, metric, row, before, dimensions),
            )
        )
    return tuple(lines)


def _judged_change(
    report: HealthReport,
    metric: str,
    row: Mapping[str, object],
    before: Mapping[str, object],
    dimensions: dict[str, str],
) -> str:
    """The step from the period before, where the number is a finding; else that it is as usual, or why nobody can say."""
    say = report.say
    key = "/".join([metric, *(f"{name}={member}" for name, member in dimensions.items())])
    finding = finding_on(report, key)
    if finding is not None and finding.state != "closed":
        return wording.change(
            say, number(row.get("value")), number(before.get("value")), report.definitions[metric].unit
        )
    if is_small(report, metric, row):
        return say.text("too few answers to judge")
    if band_of(report, key) is None:
        return say.text("not judged")
    return say.text("as usual")


def _nps(report: HealthReport) -> Table:
    """The newest month's score in all, by product and by segment; always with its interval."""
    say = report.say
    groups: list[tuple[str, dict[str, str]]] = [(say.text("all customers"), {})]
    groups += [
        (report.name(key), {"product_id": key}) for key in sorted(set(report.by("nps", "product_id")["product_id"]))
    ]  # fmt: skip
    words = report.words.segments
    groups += [
        (worded(report, words, key), {"segment": key})
        for key in in_order(words, report.by("nps", "segment")["segment"])
    ]
    return Table(
        say.text("Net promoter score of the newest whole month, with its 95% interval."),
        (
            Head(say.text("customers")),
            Head(say.text("month")),
            head(report, "NPS", "nps"),
            Head(say.text("interval"), True),
            Head(say.text("answers"), True),
            Head(say.text("on the month before"), True),
        ),
        _lines(report, "nps", groups),
    )


def _rates(report: HealthReport) -> Table:
    """Satisfaction of all customers: in surveys, and with the answers to tickets."""
    say = report.say
    lines = [
        (say.text(report.definitions[metric].label), *line[1:])
        for metric in _RATES
        if metric in report.definitions
        for line in _lines(report, metric, [("", {})])
    ]
    return Table(
        say.text("Satisfied answers of the newest week that has some, with the 95% interval."),
        (
            Head(say.text("asked")),
            Head(say.text("week")),
            head(report, say.text("satisfied"), *_RATES),
            Head(say.text("interval"), True),
            Head(say.text("answers"), True),
            Head(say.text("on the week before"), True),
        ),
        tuple(lines),
    )


def _by_feature(report: HealthReport, features: Sequence[str] | None) -> Table:
    """By feature, over the trend's weeks: a week has too few answers to tell anything, and a handful tells little."""
    say = report.say
    there = [metric for metric in _RATES if len(report.by(metric, "feature_id"))]
    keys = sorted(
        {key for metric in there for key in report.by(metric, "feature_id")["feature_id"]} - {*_NOT_A_FEATURE}
    )
    lines = []
    for feature in keys if features is None else [key for key in keys if key in features]:
        rows = [pooled_row(report, metric, feature_id=feature) for metric in there]
        if sum(number(row.get("n")) or 0.0 for row in rows) >= SMALLEST_GROUP:
            lines.append(
                (
                    named(report, feature),
                    *(
                        part
                        for metric, row in zip(there, rows, strict=True)
                        for part in _rate(report, metric, row)
                    ),
                )
            )
    columns = [
        column
        for metric in there
        for column in (
            head(report, say.text(report.definitions[metric].label), metric),
            Head(say.text("interval"), True),
            Head(say.text("answers"), True),
        )
    ]
    return Table(
        say.text(
            "Satisfied answers by feature over {n} weeks, with the 95% interval: in surveys the two highest points of the scale, on tickets a good rating.",
            n=say.number(TREND_WEEKS),
        ),
        (Head(say.text("feature")), *columns),
        tuple(lines),
    )


def _rate(report: HealthReport, metric: str, row: Mapping[str, object]) -> tuple[Cell | str, ...]:
    if (number(row.get("n")) or 0.0) < SMALLEST_GROUP:
        return (Cell(wording.MISSING), wording.MISSING, wording.MISSING)
    value = cell(report, metric, row)
    return (Cell(value.text, value.is_faint), margin(report, metric, row), count(report, row["n"]))


def _feedback_trend(report: HealthReport, rows: pd.DataFrame) -> list[Figure]:
    if rows.empty:
        return []
    say = report.say
    rows = rows.assign(feature=[report.name(key) for key in rows["feature_id"]])
    totals = (
        rows.groupby("feature", as_index=False)["value"]
        .sum()
        .sort_values(["value", "feature"], ascending=[False, True])
    )
    totals = totals.assign(text=[say.number(value) for value in totals["value"]])
    title = say.text("Feedback by feature")
    caption = say.plural(
        "Items of feedback in {weeks} weeks on the feature that most is said about.",
        "Items of feedback in {weeks} weeks on the {n} features that most is said about.",
        len(totals),
        weeks=say.number(TREND_WEEKS),
    )
    return [
        Figure(
            " ".join((caption, *_surveys_begun(report))),
            charts.bars(totals, "feature", say.text("items"), title, say),
            table_of(report, title, rows.sort_values("period_start"), ("period_start", say.text("week of")), "feature", "feedback_received"),
            warning(report, "feedback_received"),
        )
    ]  # fmt: skip


def _surveys_begun(report: HealthReport) -> list[str]:
    """What began to bring comments within the weeks shown: before, fewer were asked, not fewer had something to say."""
    first = report.week_start - timedelta(weeks=TREND_WEEKS - 1)
    return [
        report.say.text(
            "Since {day} the comments of the survey “{survey}” are among them.",
            day=report.say.day(day),
            survey=name,
        )
        for name, day in report.surveys_since.items()
        if first <= day <= report.week_end
    ]


def _feedback_table(report: HealthReport, weekly: pd.DataFrame, with_total: bool) -> Table:
    """What belongs to no feature comes last. Few tools tell a sentiment: without enough of them there is no share."""
    say = report.say
    totals = weekly.groupby("feature_id")["value"].sum()
    judged = pooled_row(report, "feedback_negative_rate")
    is_judged = bool(judged) and not is_small(report, "feedback_negative_rate", judged)
    order = sorted(totals.items(), key=lambda each: (each[0] in _NOT_A_FEATURE, -each[1], str(each[0])))
    lines: list[Row] = [
        (named(report, str(feature)), *_feedback_cells(report, total, is_judged, feature_id=str(feature)))
        for feature, total in order
    ]
    if with_total:
        lines.append((say.text("all feedback"), *_feedback_cells(report, float(totals.sum()), is_judged)))
    columns = [
        Head(say.text("feature")),
        head(report, say.text("items"), "feedback_received"),
        Head(say.text("this week"), True),
    ]
    caption = say.text(
        "Notes, comments in surveys and comments on tickets by feature over {n} weeks.",
        n=say.number(TREND_WEEKS),
    )
    if is_judged:
        caption += " " + say.text("Negative: of those whose sentiment is known.")
        columns += [
            head(report, say.text("negative"), "feedback_negative_rate"),
            Head(say.text("interval"), True),
            Head(say.text("with a sentiment"), True),
        ]
    return Table(caption, tuple(columns), tuple(lines))


def _feedback_cells(
    report: HealthReport, total: float, is_judged: bool, **dimensions: str
) -> tuple[Cell | str, ...]:
    now = number(row_of_week(report, "feedback_received", **dimensions).get("value"))
    counts = (count(report, total), count(report, now or 0))
    if not is_judged:
        return counts
    rate = pooled_row(report, "feedback_negative_rate", **dimensions)
    return (*counts, *_rate(report, "feedback_negative_rate", rate))
