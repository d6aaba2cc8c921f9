"""Sections on the product: which features are used, by whom. Each gives prose, charts and tables, or nothing."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace

import pandas as pd

from reports import charts, wording
from reports.language import N2_
from reports.model import HealthReport
from reports.quadrant import quadrant
from reports.sections import (
    FEWEST_USERS,
    SMALLEST_GROUP,
    Cell,
    Figure,
    Head,
    Row,
    Section,
    Table,
    Tally,
    caveats,
    cell,
    cell_of_week,
    count,
    head,
    in_order,
    is_small,
    newest,
    number,
    of_week,
    pale_note,
    row_of_week,
    warning,
    with_faint,
    worded,
)

# How many features are of a class, in words.
_TALLIES = {
    "used": N2_("{n} feature is used", "{n} features are used"),
    "zombie": N2_("{n} zombie: live, hardly used", "{n} zombies: live, hardly used"),
    "not_instrumented": N2_("{n} not instrumented", "{n} not instrumented"),
    "too_new": N2_("{n} too new to judge", "{n} too new to judge"),
    "no_eligible_users": N2_("{n} open to nobody", "{n} open to nobody"),
    "retired": N2_("{n} retired", "{n} retired"),
}


def adoption(report: HealthReport, team: str | None = None) -> Section | None:
    """Who uses which feature, which nobody does, and of which nothing is known; of one team's features or of all."""
    say, features = report.say, _of_team(report, team)
    if features.empty:
        return None
    used = of_week(report.by("feature_adoption_rate", "feature_id"), report)
    used = used[used["value"].notna() & used["feature_id"].isin(features["feature_id"])]
    used = used.sort_values(["value", "feature_id"], ascending=False)
    zombies = [report.name(each) for each in features.loc[features["usage_class"] == "zombie", "feature_id"]]
    findings = []
    if zombies:
        findings.append(
            say.text("Live, instrumented and hardly used in 90 days: {names}.", names=say.listed(zombies))
        )
    findings.extend(_one_segment_only(report, set(features["feature_id"])))
    if team is None:
        findings.extend(_breadth(report))
    figures = []
    if not used.empty:
        used = with_faint(report, "feature_adoption_rate", used)
        bars = pd.DataFrame(
            {
                "feature": [report.name(key) for key in used["feature_id"]],
                "is_faint": list(used["is_faint"]),
                "value": used["value"].to_numpy(),
                "text": [say.percent(value) for value in used["value"]],
            }
        )
        figures.append(
            Figure(
                say.text("Share of the active people who may use the feature and did, this week; hardly used ones in red.") + pale_note(report, used, "feature_adoption_rate"),
                charts.bars(bars, "feature", say.text("adoption"), say.text("Feature adoption by feature"), say, "percent", zombies),
                Table(
                    say.text("Feature adoption this week"),
                    (Head(say.text("feature")), Head(say.text("adoption"), True), Head("n", True)),
                    tuple(
                        (report.name(str(row["feature_id"])), cell(report, "feature_adoption_rate", row), count(report, row["n"]))
                        for row in used.to_dict("records")
                    ),
                ),
                warning(report, "feature_adoption_rate"),
            )
        )  # fmt: skip
    if team is None:
        figures.extend(_quadrant(report))
    return Section(
        "adoption",
        say.text("Adoption and feature usage"),
        tuple(findings),
        _tallies(report, features),
        tuple(figures),
        (*segment_map(report, list(used["feature_id"])), _feature_table(report, features)),
        caveats(
            report,
            ("product_analytics", "crm"),
            ("usage", "feature", "dim_person", "identity"),
            ("events_mapped_to_feature", "events_naming_account", "persons_with_home_account"),
        ),
    )


def _of_team(report: HealthReport, team: str | None) -> pd.DataFrame:
    features = report.features
    return features if team is None or features.empty else features[features["team_id"] == team]


def _tallies(report: HealthReport, features: pd.DataFrame) -> tuple[Tally, ...]:
    """How many features are used, hardly used, unknown; every class that has one."""
    found = []
    for kind, (singular, plural) in _TALLIES.items():
        ids = list(features.loc[features["usage_class"] == kind, "feature_id"])
        if ids or kind in ("used", "zombie", "not_instrumented"):
            names = "" if kind == "used" else report.say.listed([report.name(each) for each in ids])
            found.append(Tally(report.say.plural(singular, plural, len(ids)), names))
    return tuple(found)


def _one_segment_only(report: HealthReport, features: set[str]) -> list[str]:
    say = report.say
    rows = of_week(report.by("feature_adoption_rate", "feature_id", "segment"), report)
    rows = rows[rows["feature_id"].isin(features)]
    found = []
    for feature, of_feature in rows.groupby("feature_id", sort=True):
        # Those of no known segment are users as well.
        total = of_feature["numerator"].sum()
        cells = of_feature[
            (of_feature["segment"] != "(unknown)") & (of_feature["denominator"] >= SMALLEST_GROUP)
        ]
        if total < SMALLEST_GROUP or len(cells) < 2:
            continue
        top = cells.sort_values("numerator").iloc[-1]
        if top["numerator"] / total >= 0.9:
            found.append(
                say.text(
                    "{feature} lives in one segment: {segment} has {share} of its users ({rate} of that segment use it).",
                    feature=report.name(str(feature)),
                    segment=worded(report, report.words.segments, str(top["segment"])),
                    share=say.percent(top["numerator"] / total),
                    rate=say.percent(top["value"]),
                )
            )
    return found


def _breadth(report: HealthReport) -> list[str]:
    """How many of the features open to them people use."""
    say = report.say
    row = row_of_week(report, "feature_breadth_rate")
    used, offered, n = (number(row.get(name)) for name in ("numerator", "denominator", "n"))
    if used is None or not offered or not n or is_small(report, "feature_breadth_rate", row):
        return []
    return [
        say.text(
            "An active person uses {used} of the {offered} features open to them this week, on average ({share}).",
            used=say.number(used / n, 1),
            offered=say.number(offered / n, 1),
            share=say.percent(used / offered),
        )
    ]


def _quadrant(report: HealthReport) -> list[Figure]:
    """Wide and deep: adoption against frequency of use, beside the week's medians."""
    say = report.say
    placed = report.features[report.features["quadrant"].notna()].sort_values(
        ["adoption_rate", "feature_id"], ascending=[False, True]
    )
    placed = placed[[_users(report, str(each)) >= SMALLEST_GROUP for each in placed["feature_id"]]]
    if placed.empty:
        return []
    rows = pd.DataFrame(
        {
            "name": [report.name(each) for each in placed["feature_id"]],
            "is_faint": [_is_of_few(report, str(each)) for each in placed["feature_id"]],
            "x": placed["adoption_rate"].to_numpy(),
            "y": placed["use_days_mean"].to_numpy(),
        }
    )
    middle = (float(placed["adoption_rate_median"].iloc[0]), float(placed["use_days_mean_median"].iloc[0]))
    corners = [wording.label(say, each) for each in ("few_often", "many_often", "few_seldom", "many_seldom")]
    return [
        Figure(
            say.text(
                "How many use a feature (to the right) and on how many days of the week they do (upwards); the lines are the medians. Pale: few may use it; below {n} users: left out.",
                n=SMALLEST_GROUP,
            ),
            quadrant(rows, (say.text("adoption"), say.text("days of use")), middle, corners, say.text("Adoption against frequency of use by feature"), say),
            Table(
                say.text("Adoption, frequency and depth of this week, repeat use of the newest closed week; days and uses are those of a person"),
                (
                    Head(say.text("feature")),
                    Head(say.text("use")),
                    head(report, say.text("adoption"), "feature_adoption_rate"),
                    head(report, say.text("days of use"), "feature_use_days_mean"),
                    head(report, say.text("uses (median)"), "feature_uses_median"),
                    head(report, say.text("repeat use"), "feature_repeat_use_rate"),
                ),
                tuple(
                    (
                        report.name(feature),
                        wording.label(say, str(corner)),
                        cell_of_week(report, "feature_adoption_rate", feature_id=feature),
                        cell_of_week(report, "feature_use_days_mean", feature_id=feature),
                        cell_of_week(report, "feature_uses_median", feature_id=feature),
                        cell(report, "feature_repeat_use_rate", newest(report, "feature_repeat_use_rate", feature_id=feature)),
                    )
                    for feature, corner in zip(map(str, placed["feature_id"]), placed["quadrant"], strict=True)
                ),
            ),
            warning(report, "feature_adoption_rate", "feature_use_days_mean"),
        )
    ]  # fmt: skip


def _users(report: HealthReport, feature: str) -> float:
    row = row_of_week(report, "feature_adoption_rate", feature_id=feature)
    return number(row.get("numerator")) or 0.0


def _is_of_few(report: HealthReport, feature: str) -> bool:
    row = row_of_week(report, "feature_adoption_rate", feature_id=feature)
    return is_small(report, "feature_adoption_rate", row)


def segment_map(report: HealthReport, order: Sequence[str]) -> list[Table]:
    """Adoption by feature and customer segment: the stronger the ground, the more use it."""
    say = report.say
    rows = of_week(report.by("feature_adoption_rate", "feature_id", "segment"), report)
    rows = rows[(rows["denominator"] >= SMALLEST_GROUP) & rows["feature_id"].isin(order)]
    segments = in_order(report.words.segments, rows["segment"])
    if not segments:
        return []
    shares = {
        (str(row["feature_id"]), str(row["segment"])): row
        for row in rows[rows["value"].notna()].to_dict("records")
    }
    lines: list[Row] = []
    for feature in order:
        found = [shares.get((feature, segment)) for segment in segments]
        if any(found):
            lines.append((report.name(feature), *(_tinted(report, row) for row in found)))
    return [
        Table(
            say.text(
                "Adoption by customer segment; groups below {n} people are left blank.", n=SMALLEST_GROUP
            ),
            (
                Head(say.text("feature")),
                *(
                    head(report, worded(report, report.words.segments, each), "feature_adoption_rate")
                    for each in segments
                ),
            ),
            tuple(lines),
        )
    ]


def _tinted(report: HealthReport, row: Mapping[Hashable, object] | None) -> Cell:
    """A ground never so strong that the text on it is hard to read, and none where few cases say little."""
    if row is None:
        return Cell("")
    found = cell(report, "feature_adoption_rate", {str(key): value for key, value in row.items()})
    return found if found.is_faint else replace(found, tint=round(6 + 39 * float(str(row["value"]))))


def _feature_table(report: HealthReport, features: pd.DataFrame) -> Table:
    say = report.say
    rows = []
    for row in features.sort_values(["product_id", "feature_id"]).itertuples():
        feature = str(row.feature_id)
        rate = row_of_week(report, "feature_adoption_rate", feature_id=feature)
        contact = row_of_week(report, "contact_rate", feature_id=feature)
        rows.append(
            (
                report.name(feature),
                report.name(str(row.product_id)),
                report.name(str(row.team_id)),
                wording.label(say, str(row.usage_class)),
                count(report, rate.get("numerator")),
                count(report, rate.get("denominator")),
                cell(report, "feature_adoption_rate", rate),
                cell_of_week(report, "feature_time_to_adopt_days_median", feature_id=feature),
                count(report, contact.get("numerator")),
                count(report, contact.get("denominator")),
                cell(report, "contact_rate", contact)
                if (number(contact.get("denominator")) or 0.0) >= FEWEST_USERS
                else Cell(wording.MISSING),
            )
        )
    return Table(
        say.text(
            "Every feature this week. Time to adopt: median days from first chance to first use (Kaplan–Meier). Contact rate: tickets per 1,000 of all its users, from {n} users on.",
            n=FEWEST_USERS,
        ),
        (
            Head(say.text("feature")),
            Head(say.text("product")),
            Head(say.text("team")),
            Head(say.text("class")),
            head(report, say.text("users who may use it"), "feature_adoption_rate"),
            head(report, say.text("may use it"), "feature_adoption_rate"),
            head(report, say.text("adoption"), "feature_adoption_rate"),
            head(report, say.text("time to adopt"), "feature_time_to_adopt_days_median"),
            head(report, say.text("tickets"), "contact_rate"),
            head(report, say.text("all its users"), "contact_rate"),
            head(report, say.text("contact rate"), "contact_rate"),
        ),
        tuple(rows),
    )


def audience(report: HealthReport) -> Section | None:
    """Which customers use what: adoption by segment, for those who speak to them."""
    used = of_week(report.by("feature_adoption_rate", "feature_id"), report)
    used = used[used["value"].notna()].sort_values(["value", "feature_id"], ascending=False)
    tables = segment_map(report, list(used["feature_id"]))
    if not tables:
        return None
    return Section(
        "audience",
        report.say.text("Who uses what"),
        tuple(_one_segment_only(report, set(used["feature_id"]))),
        tables=tuple(tables),
        trust=caveats(report, ("product_analytics", "crm"), ("usage", "dim_person")),
    )
