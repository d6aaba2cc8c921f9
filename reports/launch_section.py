"""Launches of the period: what came out, who took it up, and what it cost support."""

from datetime import date, timedelta

import pandas as pd

from learning import uncertainty
from reports import wording
from reports.model import HealthReport
from reports.sections import (
    TREND_WEEKS,
    Cell,
    Head,
    Section,
    Table,
    caveats,
    cell_of_week,
    count,
    head,
    number,
    row_of_week,
    warning,
    weeks,
)
from settings.units import Unit


def launches(report: HealthReport, team: str | None = None) -> Section | None:
    """Features launched in the trend's weeks, of one team or of all."""
    say, launched = report.say, _launched(report)
    if team is not None:
        launched = launched[launched["team_id"] == team]
    if launched.empty:
        return None
    after = {feature: (most, usual) for feature, _, most, usual in surges(report)}
    rows = []
    for row in launched.sort_values("launched_on", ascending=False).itertuples():
        feature, day = str(row.feature_id), pd.Timestamp(row.launched_on).date()
        adopted = row_of_week(report, "feature_adoption_rate", feature_id=feature)
        goal = number(getattr(row, "adoption_target", None))
        rate = number(adopted.get("value"))
        reached = wording.MISSING
        if goal is not None:
            reached = say.percent(goal)
            if rate is not None:
                verdict = say.text("met") if rate >= goal else say.text("missed")
                reached += f" ({verdict})"
        rows.append(
            (
                report.name(feature),
                # Beside its name, and so on a phone's first sight.
                cell_of_week(report, "feature_adoption_rate", feature_id=feature),
                Cell(reached),
                say.day(day),
                say.number((report.week_end - day).days // 7),
                report.name(str(row.team_id)),
                cell_of_week(report, "feature_time_to_adopt_days_median", feature_id=feature),
                count(report, after[feature][0] if feature in after else _most(report, feature)),
            )
        )
    table = Table(
        say.text("Features launched in the {n} weeks to {day}.", n=TREND_WEEKS, day=say.day(report.week_end)),
        (
            Head(say.text("feature")),
            head(report, say.text("adoption"), "feature_adoption_rate"),
            Head(say.text("target"), True),
            Head(say.text("launched")),
            Head(say.text("weeks since"), True),
            Head(say.text("team")),
            head(report, say.text("time to adopt"), "feature_time_to_adopt_days_median"),
            head(report, say.text("tickets in the busiest week"), "tickets_created"),
        ),
        tuple(rows),
    )
    findings = _targets_missed(report, launched)
    for feature, day, most, usual in surges(report):
        if feature in set(launched["feature_id"]):
            told = say.plural(
                "In the four weeks after the launch of {feature} on {day}, up to {n} ticket a week was tagged with it.",
                "In the four weeks after the launch of {feature} on {day}, up to {n} tickets a week were tagged with it.",
                round(most),
                feature=report.name(feature),
                day=say.day(day),
            )
            if usual is not None:
                told += " " + say.text("Since then it is about {usual} a week.", usual=say.number(usual))
            findings.append(told)
    stale = warning(report, "tickets_created")
    return Section(
        "launches",
        say.text("Launches"),
        tuple(f"{each} ({stale})" if stale else each for each in findings),
        tables=(table,),
        trust=caveats(report, (), ("feature",)),
    )


def _targets_missed(report: HealthReport, launched: pd.DataFrame) -> list[str]:
    """Launches whose adoption is clearly below what was promised of it: its 95% interval does not hold the target."""
    say, found = report.say, []
    for row in launched.itertuples():
        goal = number(getattr(row, "adoption_target", None))
        adopted = row_of_week(report, "feature_adoption_rate", feature_id=str(row.feature_id))
        band = uncertainty.interval(Unit.RATIO, adopted) if adopted else None
        if goal is not None and band is not None and band[1] < goal:
            found.append(
                say.text(
                    "{feature}: {rate} of those who may use it do, its target is {goal}.",
                    feature=report.name(str(row.feature_id)),
                    rate=say.percent(float(str(adopted["value"]))),
                    goal=say.percent(goal),
                )
            )
    return found


def surges(report: HealthReport) -> list[tuple[str, date, float, float | None]]:
    """Launches of the trend's weeks after which a feature's tickets doubled: (feature, day, most a week, usual since)."""
    weekly = weeks(report.by("tickets_created", "feature_id"), report)
    found: list[tuple[str, date, float, float | None]] = []
    for row in _launched(report).itertuples():
        day = pd.Timestamp(row.launched_on).date()
        rows = weekly[weekly["feature_id"] == row.feature_id]
        starts = pd.to_datetime(rows["period_start"]).dt.date
        after = rows[_within(starts, day)]["value"]
        usual = rows[starts >= day + timedelta(weeks=4)]["value"]
        if len(after) and after.max() >= 10 and (usual.empty or after.max() >= 2 * usual.median()):
            since = None if usual.empty else float(usual.median())
            found.append((str(row.feature_id), day, float(after.max()), since))
    return found


def _within(starts: pd.Series, day: date) -> pd.Series:
    return (starts > day - timedelta(days=7)) & (starts < day + timedelta(weeks=4))


def _most(report: HealthReport, feature: str) -> float | None:
    rows = weeks(report.series("tickets_created", feature_id=feature), report)
    return number(rows["value"].max()) if len(rows) else None


def _launched(report: HealthReport) -> pd.DataFrame:
    features = report.features
    if features.empty:
        return features
    days = pd.to_datetime(features["launched_on"])
    first = pd.Timestamp(report.week_start - timedelta(weeks=TREND_WEEKS - 1))
    return features[days.notna() & (days >= first) & (days <= pd.Timestamp(report.week_end))]
