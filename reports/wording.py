"""How numbers read: units, changes, names. Rounding happens here and nowhere earlier."""

import math
from datetime import date
from typing import assert_never

from reports.language import MISSING, N_, Language
from settings.owners import UNOWNED
from settings.units import Chance, Unit

__all__ = ["MISSING", "change", "duration", "judgement", "label", "points", "quantity"]

_LABELS = {
    # Whatever belongs to no member
    "(unknown)": N_("unknown"),
    "(untagged)": N_("untagged"),
    "(no theme)": N_("no theme"),
    "(unmapped)": N_("not assigned"),
    "(hidden)": N_("small teams together"),
    # Stages of a pull request
    "coding": N_("coding"),
    "review": N_("review"),
    "waiting_for_deployment": N_("waiting for deployment"),
    # How much a feature is used
    "used": N_("used"),
    "zombie": N_("zombie"),
    "too_new": N_("too new to judge"),
    "no_eligible_users": N_("nobody may use it"),
    "retired": N_("retired"),
    "not_instrumented": N_("not instrumented"),
    # By how many, and how often, a feature is used
    "few_often": N_("few, often"),
    "many_often": N_("many, often"),
    "few_seldom": N_("few, seldom"),
    "many_seldom": N_("many, seldom"),
    # Kinds of tools
    "product_analytics": N_("product analytics"),
    "crm": N_("CRM"),
    "support": N_("support desk"),
    "delivery": N_("delivery"),
    "roadmap": N_("roadmap"),
    "surveys": N_("surveys"),
    "experiments": N_("experiments and flags"),
    "files": N_("dropped files"),
    "registry": N_("registry"),
    "app": N_("the app"),
    # How a read ended
    "ok": N_("read"),
    "failed": N_("failed"),
    "paused": N_("paused, quota spent"),
    "off": N_("off"),
    "never": N_("never read"),
    # How severe a check is
    "error": N_("holds publication"),
    "warn": N_("warning"),
}


def quantity(say: Language, value: float | None, unit: Unit) -> str:
    """A value in its unit, as a person would say it; a dash when there is none."""
    if value is None or math.isnan(value):
        return MISSING
    match unit:
        case Unit.RATIO:
            return say.percent(value)
        case Unit.MULTIPLE | Unit.PER_TICKET:
            return say.number(value, 2) if abs(value) < 10 else say.number(value, 1)
        case Unit.SECONDS:
            return duration(say, value)
        case Unit.DAYS:
            return _days(say, value)
        case Unit.POINTS:
            return say.number(value).replace("−0", "0") if abs(value) < 0.5 else say.number(value)
        case Unit.TICKETS_PER_1000_USERS | Unit.USERS | Unit.ACCOUNTS | Unit.COUNT | Unit.USES | Unit.MONEY:
            return say.number(value, 0 if abs(value) >= 10 or value == int(value) else 1)
        case _:
            assert_never(unit)


def beside(say: Language, value: float | None, bound: float | None, unit: Unit) -> str:
    """`quantity` of a value that is held against a bound: 84.6%, where 85% would read as if 85% were reached."""
    told = quantity(say, value, unit)
    if value is None or bound is None or value == bound or unit is not Unit.RATIO:
        return told
    return say.percent(value, 1) if told == quantity(say, bound, unit) else told


def ends(say: Language, low: float, high: float, unit: Unit) -> tuple[str, str]:
    """Both ends of what is usual. Of what is counted the first and last number that is: 32 is not above "4.1 to 32"."""
    if unit.chance is Chance.COUNT and math.ceil(low) <= math.floor(high):
        low, high = math.ceil(low), math.floor(high)
    return quantity(say, low, unit), quantity(say, high, unit)


def _days(say: Language, days: float) -> str:
    rounded = round(days) if abs(days) >= 10 or days == int(days) else round(days, 1)
    return say.plural(
        "{n} day", "{n} days", rounded, n=say.number(rounded, 0 if rounded == int(rounded) else 1)
    )


def duration(say: Language, seconds: float) -> str:
    """Seconds in the largest unit that keeps two figures."""
    if seconds >= 2 * 86_400:
        return _days(say, seconds / 86_400)
    for size, name in ((3_600, "h"), (60, "min")):
        if seconds >= 2 * size or (name == "min" and seconds >= 60):
            amount = seconds / size
            return f"{say.number(amount, 0 if amount >= 10 else 1)} {name}"
    return f"{say.number(seconds)} s"


def change(say: Language, value: float | None, before: float | None, unit: Unit) -> str:
    """The step from one value to the next: points for shares and scores, per cent for the rest."""
    step = _step(value, before, unit)
    if step is None:
        return MISSING
    amount, is_points = step
    if amount == 0:
        return say.text("no change")
    sign = "+" if amount > 0 else "−"
    if is_points:
        return sign + say.plural(
            "{n} point", "{n} points", abs(amount), n=say.number(abs(amount), _digits(amount))
        )
    return sign + say.percent(abs(amount))


def points(unit: Unit) -> int | None:
    """How many points one of the unit is, where a step from one value to the next is told in points; else None."""
    match unit:
        case Unit.RATIO:
            return 100
        case Unit.POINTS:
            return 1
        case (
            Unit.MULTIPLE | Unit.PER_TICKET | Unit.TICKETS_PER_1000_USERS | Unit.USERS | Unit.ACCOUNTS | Unit.COUNT
            | Unit.USES | Unit.SECONDS | Unit.DAYS | Unit.MONEY
        ):  # fmt: skip
            return None
        case _:
            assert_never(unit)


def _step(value: float | None, before: float | None, unit: Unit) -> tuple[float, bool] | None:
    """How far, and whether in points; None when it cannot be said."""
    if value is None or before is None or math.isnan(value) or math.isnan(before):
        return None
    in_points = points(unit)
    if in_points is not None:
        step = (value - before) * in_points
        return (round(step, 1), True) if abs(step) >= 0.05 else (0.0, True)
    if before == 0:
        return (0.0, False) if value == 0 else None
    share = value / before - 1
    return (share, False) if abs(share) >= 0.005 else (0.0, False)


def _digits(amount: float) -> int:
    return 0 if amount == int(amount) or abs(amount) >= 10 else 1


def judgement(value: float | None, before: float | None, good_direction: str) -> str:
    """`better`, `worse` or `even`, by the metric's good direction."""
    if value is None or before is None or math.isnan(value) or math.isnan(before) or good_direction == "none":
        return "even"
    if value == before:
        return "even"
    return "better" if (value > before) == (good_direction == "up") else "worse"


def label(say: Language, identifier: str) -> str:
    """An identifier of the platform (class, family, outcome, stage of a pull request) as words; another one as it stands."""
    return say.text(_LABELS.get(identifier, identifier.replace("_", " ")))


def owner(say: Language, who: str) -> str:
    """Who answers for something: a team's name, an address, or nobody."""
    return say.text("nobody") if who == UNOWNED else who.removeprefix("team:")


def period(say: Language, grain: str, start: date) -> str:
    """The days of a period, by its grain and first day."""
    if grain == "month":
        return say.month(start)
    return say.week(start) if grain == "week" else say.day(start)
