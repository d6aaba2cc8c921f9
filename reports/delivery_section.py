"""Time to market: by stage, what holds it up, whether dates hold, and how code reaches users."""

from collections.abc import Mapping, Sequence

import pandas as pd

from reports import charts, wording
from reports.changes import what_changed
from reports.model import HealthReport
from reports.sections import (
    SMALLEST_GROUP,
    Cell,
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
    is_small,
    last,
    newest,
    number,
    of_week,
    pale_note,
    pooled,
    pooled_row,
    table_of,
    warning,
    weeks,
    with_faint,
    worded,
)
from settings.units import Unit

_SLOWEST = 3
_ENGINEERING = (
    "deployment_frequency",
    "change_lead_time_seconds_median",
    "change_failure_rate",
    "sprint_predictability",
)


def delivery(report: HealthReport, team: str | None = None) -> Section | None:
    """Time to market by stage and team, and whether dates hold; of one team or of all."""
    say = report.say
    stages = last(report.by("time_to_market_stage_days_median", "stage"), report)
    teams = [team] if team else _teams(report)
    if stages.empty and not teams:
        return None
    figures = [] if stages.empty or team else [_by_stage(report, stages)]
    figures.extend(_stage_time_by_team(report, teams))
    figures.extend(_on_time(report, teams))
    tables = [_team_table(report, teams), _slowest(report, teams)]
    return Section(
        "delivery",
        say.text("Time to market"),
        tuple(_late(report, teams)),
        figures=tuple(figures),
        tables=tuple(table for table in tables if table.rows),
        trust=caveats(
            report,
            ("delivery",),
            ("delivery", "issue"),
            (
                "issues_with_commitment",
                "issues_with_cycle_time",
                "stays_mapped_to_stage",
                "stages_reached_by_epics",
            ),
        ),
    )


def engineering(report: HealthReport, team: str | None = None) -> Section | None:
    """How code reaches users and whether sprints hold, where a code host or sprints are there."""
    say = report.say
    teams = [team] if team else _teams(report)
    there = [metric for metric in _ENGINEERING if report.has(metric)]
    if not there:
        return None
    rows: list[Row] = [
        (report.name(each), *(_engineering_cell(report, metric, team_id=each) for metric in there))
        for each in teams
    ]
    if team is None:
        rows.append((say.text("all teams"), *(_engineering_cell(report, metric) for metric in there)))
    table = Table(
        say.text(
            "Engineering by team this week: share of days with a deployment, lead time from first commit to production, deployments that led to an incident, committed sprint work that was done."
        ),
        (
            Head(say.text("team")),
            *(head(report, say.text(report.definitions[each].label), each) for each in there),
        ),
        tuple(row for row in rows if any(isinstance(each, Cell) and each.text != wording.MISSING for each in row[1:])),
    )  # fmt: skip
    figures = [] if team else _pull_requests(report)
    if not table.rows and not figures:
        return None
    return Section(
        "engineering",
        say.text("Engineering"),
        figures=tuple(figures),
        tables=(table,) if table.rows else (),
        trust=caveats(report, (), ("deployment", "pull_request", "sprint")),
    )


def _engineering_cell(report: HealthReport, metric: str, **dimensions: str) -> Cell:
    """The week's value; of sprints, which end in some weeks only, the newest one with its week."""
    found = cell_of_week(report, metric, **dimensions)
    if metric != "sprint_predictability" or found.text != wording.MISSING:
        return found
    row = newest(report, metric, None, **dimensions)
    if not row:
        return found
    older = cell(report, metric, row)
    week = report.say.text("week of {day}", day=report.say.day(row["period_start"]))  # type: ignore[arg-type]
    return Cell(older.text, older.is_faint, f"{older.note} · {week}" if older.note else week)


def _teams(report: HealthReport) -> list[str]:
    return sorted(
        {*report.by("on_time_rate", "team_id")["team_id"], *report.by("deployment_frequency", "team_id")["team_id"]}
        - {"(unknown)"}
    )  # fmt: skip


def _by_stage(report: HealthReport, stages: pd.DataFrame) -> Figure:
    say = report.say
    stages = with_faint(report, "time_to_market_stage_days_median", _by_place(report, stages))
    drawn = pd.DataFrame(
        {
            "stage": [worded(report, report.words.stages, each) for each in stages["stage"]],
            "is_faint": list(stages["is_faint"]),
            "value": stages["value"].to_numpy(),
            "text": [wording.quantity(say, value, Unit.DAYS) for value in stages["value"]],
        }
    )
    title = say.text("Time to market by stage")
    return Figure(
        say.text("Median days that launched epics of the last quarter spent in each stage.")
        + pale_note(report, stages, "time_to_market_stage_days_median"),
        charts.bars(drawn, "stage", say.text("days"), title, say),
        Table(
            title,
            (Head(say.text("stage")), Head(say.text("median"), True), Head(say.text("epics"), True)),
            tuple(
                (
                    worded(report, report.words.stages, str(row["stage"])),
                    cell(report, "time_to_market_stage_days_median", row),
                    count(report, row["n"]),
                )
                for row in stages.to_dict("records")
            ),
        ),
        warning(report, "time_to_market_stage_days_median"),
    )


def _by_place(report: HealthReport, rows: pd.DataFrame) -> pd.DataFrame:
    """Rows with a stage (and perhaps a team) in the order in which work passes the stages."""
    place = {stage: number for number, stage in enumerate(in_order(report.words.stages, rows["stage"]))}
    return rows.assign(place=rows["stage"].map(place)).sort_values(["place", "team_id"])


def _stage_time_by_team(report: HealthReport, teams: Sequence[str]) -> list[Figure]:
    """Side by side: medians of different issues do not add up, and one of few issues is in the table alone."""
    say = report.say
    rows = of_week(report.by("stage_time_seconds_median", "stage", "team_id"), report)
    rows = rows[rows["team_id"].isin(teams) & rows["value"].notna()]
    if rows.empty:
        return []
    rows = _by_place(report, rows)
    rows = rows.assign(
        team=[report.name(each) for each in rows["team_id"]],
        part=[worded(report, report.words.stages, each) for each in rows["stage"]],
        days=rows["value"] / 86_400,
    )
    title = say.text("Time in stage by team")
    drawn = with_faint(report, "stage_time_seconds_median", rows[rows["n"] >= SMALLEST_GROUP])
    drawn = drawn.assign(value=drawn["days"])
    table = table_of(report, title, rows, ("team", say.text("team")), "part", "stage_time_seconds_median")
    stages = [worded(report, report.words.stages, each) for each in report.words.stages]
    if drawn.empty:
        caption = say.text(
            "Median days in each stage of the issues that each team delivered this week. No picture: no stage was left by {n} issues or more of one team.",
            n=SMALLEST_GROUP,
        )
    else:
        caption = say.text(
            "Median days in each stage of the issues that each team delivered this week; from {n} issues on.",
            n=SMALLEST_GROUP,
        ) + pale_note(report, drawn, "stage_time_seconds_median")
    return [
        Figure(
            caption,
            None if drawn.empty else charts.dots(drawn, "team", "part", stages or list(dict.fromkeys(rows["part"])), say.text("days"), title, say),
            table,
            warning(report, "stage_time_seconds_median"),
        )
    ]  # fmt: skip


def _on_time(report: HealthReport, teams: Sequence[str]) -> list[Figure]:
    say = report.say
    rows = weeks(report.by("on_time_rate", "team_id"), report)
    rows = rows[rows["team_id"].isin(teams) & rows["value"].notna()]
    if rows.empty:
        return []
    rows = with_faint(
        report, "on_time_rate", rows.assign(team=[report.name(each) for each in rows["team_id"]])
    )
    target, title = report.targets.get("on_time_rate"), say.text("On time by team and week")
    return [
        Figure(
            say.text(
                "Share of the work due in the week that was done by its first date; moving a date does not help. Dashed: target."
            )
            + pale_note(report, rows, "on_time_rate", is_line=True),
            charts.lines(
                rows,
                "team",
                say.text("on time"),
                title,
                say,
                "percent",
                target.at_least if target else None,
                [report.name(each) for each in _teams(report)],
            ),
            table_of(report, title, rows, ("period_start", say.text("week of")), "team", "on_time_rate"),
            warning(report, "on_time_rate"),
        )
    ]


def _slowest(report: HealthReport, teams: Sequence[str]) -> Table:
    """Where a team's issues stay longest beside those of the other teams: by median, so that no large team leads by size."""
    say = report.say
    rows = of_week(report.by("stage_time_seconds_median", "stage", "team_id"), report)
    rows = rows[
        ~rows["stage"].isin(report.words.outer_stages) & rows["value"].notna() & (rows["n"] >= SMALLEST_GROUP)
    ]
    found: list[tuple[float, Row]] = []
    for row in rows[rows["team_id"].isin(teams)].to_dict("records"):
        others = rows[(rows["stage"] == row["stage"]) & (rows["team_id"] != row["team_id"])]["value"]
        if others.empty or row["value"] <= others.max():
            continue
        found.append(
            (
                float(row["value"] / others.median()) if others.median() else float("inf"),
                (
                    worded(report, report.words.stages, row["stage"]),
                    report.name(row["team_id"]),
                    cell(report, "stage_time_seconds_median", row),
                    cell(
                        report,
                        "stage_time_seconds_median",
                        {"value": others.median(), "n": rows.loc[others.index, "n"].min()},
                    ),
                    cell_of_week(
                        report, "stage_time_seconds_p85", stage=row["stage"], team_id=row["team_id"]
                    ),
                    count(report, row["n"]),
                ),
            )
        )
    found.sort(key=lambda each: -each[0])
    return Table(
        say.text(
            "Where issues delivered this week stayed longer than those of every other team, the most so first."
        ),
        (
            Head(say.text("stage")),
            Head(say.text("team")),
            head(report, say.text("median"), "stage_time_seconds_median"),
            Head(say.text("other teams"), True),
            head(report, say.text("85 of 100 within"), "stage_time_seconds_p85"),
            Head(say.text("issues"), True),
        ),
        tuple(row for _, row in found[:_SLOWEST]),
    )


def _team_table(report: HealthReport, teams: Sequence[str]) -> Table:
    say = report.say
    rows: list[Row] = []
    for team in teams:
        first, moved = (pooled(report, metric, team_id=team) for metric in ("on_time_rate", "on_time_rate_last_due"))  # fmt: skip
        rows.append(
            (
                report.name(team),
                *(
                    cell_of_week(report, metric, team_id=team)
                    for metric in (
                        "issue_lead_time_seconds_median",
                        "issue_lead_time_seconds_p85",
                        "issue_cycle_time_seconds_median",
                        "on_time_rate",
                    )
                ),
                first,
                moved,
                _slip(report, team),
                cell_of_week(report, "time_to_market_days_median", team_id=team),
            )
        )
    return Table(
        say.text(
            "Delivery by team this week. Slip: points by which moved dates flatter the rate over the last 13 weeks of due dates."
        ),
        (
            Head(say.text("team")),
            head(report, say.text("lead time"), "issue_lead_time_seconds_median"),
            head(report, say.text("85 of 100 within"), "issue_lead_time_seconds_p85"),
            head(report, say.text("cycle time"), "issue_cycle_time_seconds_median"),
            head(report, say.text("on time this week"), "on_time_rate"),
            head(report, say.text("on time, 13 weeks"), "on_time_rate"),
            head(report, say.text("by the dates as moved"), "on_time_rate_last_due"),
            head(report, say.text("slip"), "on_time_rate_last_due"),
            head(report, say.text("time to market"), "time_to_market_days_median"),
        ),
        tuple(rows),
    )


def _slip(report: HealthReport, team: str) -> Cell:
    """As sure as the less sure of the two rates."""
    metrics = ("on_time_rate_last_due", "on_time_rate")
    rows = [pooled_row(report, metric, team_id=team) for metric in metrics]
    moved, first = (number(row.get("value")) for row in rows)
    text = wording.change(report.say, moved, first, Unit.RATIO)
    if text == wording.MISSING or not any(map(is_small, (report, report), metrics, rows)):
        return Cell(text)
    return Cell(text, True, f"n = {count(report, min(number(row.get('n')) or 0.0 for row in rows))}")


def _late(report: HealthReport, teams: Sequence[str]) -> list[str]:
    """Teams whose first dates hold clearly less often than those of the others."""
    return [
        " ".join(filter(None, (each.text, each.where)))
        for each in what_changed(report, {"on_time_rate"}, set(teams))
        if each.key.endswith("/apart") and each.state != "closed"
    ]


def _pull_requests(report: HealthReport) -> list[Figure]:
    say = report.say
    rows = of_week(report.by("pull_request_stage_seconds_median", "stage"), report)
    rows = with_faint(report, "pull_request_stage_seconds_median", rows[rows["value"].notna()])
    if rows.empty:
        return []
    names = [wording.label(say, each) for each in rows["stage"]]
    drawn = pd.DataFrame(
        {
            "stage": names,
            "is_faint": list(rows["is_faint"]),
            "value": rows["value"].to_numpy() / 3_600,
            "text": [wording.duration(say, value) for value in rows["value"]],
        }
    )
    title = say.text("Time of a pull request in each stage")
    records: list[Mapping[str, object]] = [{str(k): v for k, v in row.items()} for row in rows.to_dict("records")]  # fmt: skip
    return [
        Figure(
            say.text("Median hours of the pull requests that reached production this week, by stage.")
            + pale_note(report, rows, "pull_request_stage_seconds_median"),
            charts.bars(drawn, "stage", say.text("hours"), title, say),
            Table(
                title,
                (Head(say.text("stage")), Head(say.text("median"), True), Head("n", True)),
                tuple(
                    (name, cell(report, "pull_request_stage_seconds_median", row), count(report, row["n"]))
                    for name, row in zip(names, records, strict=True)
                ),
            ),
            warning(report, "pull_request_stage_seconds_median"),
        )
    ]
