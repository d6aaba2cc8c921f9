"""Irritants: what people are vexed by, the heaviest first, and which of it is new, rising or fading."""

from reports import wording
from reports.irritants import Irritant
from reports.language import N_
from reports.model import HealthReport
from reports.sections import Cell, Head, Row, Section, Table, caveats, named

_MOST = 10
_TRENDS = {"new": N_("new"), "rising": N_("rising"), "fading": N_("fading"), "steady": N_("steady")}


def irritants(report: HealthReport) -> Section | None:
    """What people are vexed by: the heaviest, and what is new, rising or fading."""
    say = report.say
    shown = [each for each in report.irritants if each.trend != "fading"]
    if not shown:
        return None
    table = Table(
        say.text(
            "What tickets of the last 28 days are about, by people who wrote or were lost times the revenue of their accounts; the first {n}.",
            n=min(len(shown), _MOST),
        ),
        (
            Head(say.text("feature")),
            Head(say.text("theme")),
            Head(say.text("tickets"), True),
            Head(say.text("28 days before"), True),
            Head(say.text("people who wrote"), True),
            Head(say.text("revenue touched"), True),
            Head(say.text("people lost at a step"), True),
            Head(say.text("rage clicks"), True),
            Head(say.text("negative words"), True),
        ),
        tuple(_row(report, each) for each in shown[:_MOST]),
    )
    return Section(
        "irritants",
        say.text("Irritants"),
        tuple(_told(report)),
        tables=(table,),
        trust=caveats(report, ("support", "product_analytics"), ("ticket",)),
    )


def _told(report: HealthReport) -> list[str]:
    say, told = report.say, []
    for trend, text in (
        ("new", N_("New: {names}.")),
        ("rising", N_("Rising: {names}.")),
        ("fading", N_("Fading: {names}.")),
    ):
        names = [
            f"{named(report, each.feature_id)} – {named(report, each.theme_id)}"
            for each in report.irritants
            # Tickets of no theme are about nothing that one could look into.
            if each.trend == trend and each.theme_id != "(no theme)"
        ]
        if names:
            told.append(say.text(text, names=say.listed(names[:_MOST])))
    if all(each.rage_clicks is None for each in report.irritants):
        told.append(
            say.text(
                "Rage clicks are not known: no tool that is read tells of them, or no feature names its pages."
            )
        )
    return told


def _row(report: HealthReport, each: Irritant) -> Row:
    say = report.say
    lost = Cell(wording.MISSING)
    if each.lost is not None and each.step is not None:
        lost = Cell(say.number(each.lost), note=named(report, each.step))
    people = Cell(wording.MISSING)
    if each.people is not None:
        accounts = "" if each.accounts is None else say.plural("{n} account", "{n} accounts", each.accounts)
        people = Cell(say.number(each.people), note=accounts)
    return (
        named(report, each.feature_id),
        named(report, each.theme_id),
        Cell(say.number(each.tickets), note=say.text(_TRENDS[each.trend]) if each.trend else ""),
        _count(report, each.tickets_before),
        people,
        wording.MISSING if each.revenue is None else f"{say.number(each.revenue)} {report.currency}",
        lost,
        _count(report, each.rage_clicks),
        _count(report, each.negative),
    )


def _count(report: HealthReport, number: int | None) -> str:
    return wording.MISSING if number is None else report.say.number(number)
