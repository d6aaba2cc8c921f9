"""How numbers read: units, changes, periods. Rounding happens here and nowhere earlier."""

import math
from datetime import date, timedelta

MISSING = "–"


def quantity(value: float | None, unit: str) -> str:
    """A value in its unit, as a person would say it; a dash when there is none."""
    if value is None or math.isnan(value):
        return MISSING
    if unit == "ratio":
        return f"{value * 100:.0f} %" if value >= 0.1 or value == 0 else f"{value * 100:.1f} %"
    if unit == "seconds":
        return duration(value)
    if unit == "days":
        return f"{value:.0f} days" if value >= 10 else f"{value:.1f} days"
    return f"{value:,.0f}" if abs(value) >= 10 or value == int(value) else f"{value:.1f}"


def duration(seconds: float) -> str:
    """Seconds in the largest unit that keeps two figures."""
    for size, name in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size or (name == "min" and seconds >= 60):
            amount = seconds / size
            return f"{amount:.0f} {name}" if amount >= 10 else f"{amount:.1f} {name}"
    return f"{seconds:.0f} s"


def change(value: float | None, before: float | None, unit: str) -> str:
    """The step from one value to the next: points for shares, per cent for the rest."""
    if value is None or before is None or math.isnan(value) or math.isnan(before):
        return MISSING
    if unit == "ratio":
        points = (value - before) * 100
        return f"{points:+.1f} pts" if abs(points) >= 0.05 else "no change"
    if before == 0:
        return MISSING
    share = (value / before - 1) * 100
    return f"{share:+.0f} %" if abs(share) >= 0.5 else "no change"


def judgement(value: float | None, before: float | None, good_direction: str) -> str:
    """`better`, `worse` or `even`, by the metric's good direction."""
    if value is None or before is None or math.isnan(value) or math.isnan(before) or good_direction == "none":
        return "even"
    if value == before:
        return "even"
    return "better" if (value > before) == (good_direction == "up") else "worse"


def week_span(week_start: date) -> str:
    """The days of a week: `9–15 November 2026`."""
    end = week_start + timedelta(days=6)
    if week_start.month == end.month:
        return f"{week_start.day}–{end.day} {end:%B %Y}"
    return f"{week_start.day} {week_start:%B} – {end.day} {end:%B %Y}"


def sentence(identifier: str) -> str:
    """A check's name as words."""
    return identifier.replace("__", ": ").replace("_", " ")
