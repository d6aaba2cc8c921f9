"""Charts as self-contained SVG: no script and no request in the page that shows them.

Vega-Lite draws them from its own specifications (https://vega.github.io/vega-lite/docs/spec.html). What it writes is then
made smaller and given to the page's style: colours become the page's own, so that a chart is dark on a dark page, and one
sentence describes it, since a table with its numbers follows.
"""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from html import escape
from typing import Any, TypeAlias

import pandas as pd
import vl_convert

from reports.language import Language
from reports.svg import slim

INK, MUTED, ACCENT, ALARM, PAPER, GRID = "#1c2733", "#5b6673", "#2f6fde", "#c8442f", "#fffffe", "#e2e6eb"
PALETTE = ["#2f6fde", "#e08a1e", "#3a9d6e", "#a04fc4", "#c8442f", "#6b7785", "#0f8a9d", "#b0689a"]
# What each colour is called in the page's style, which says it again for dark pages.
_STYLED = {INK: "ink", MUTED: "muted", ACCENT: "accent", ALARM: "bad", PAPER: "paper", GRID: "line"} | {
    colour: f"c{place}" for place, colour in enumerate(PALETTE) if colour not in (ACCENT, ALARM)
}
# Of few cases: what a picture shows paler than the rest, and how strong that is.
PALE, _FAINT = PALETTE[5], 0.5
# Pixels of a chart without its axis, and of the same one on a phone with it; how long a name beside an axis may be.
WIDTH, NARROW = 860, 332
_NAME, _NARROW_NAME = 230, 130


@dataclass(frozen=True)
class Chart:
    """SVG for a desk, and the same drawn narrower for a phone: a page shows one of them."""

    wide: str
    narrow: str


# A specification of Vega-Lite, or a part of one.
Drawing: TypeAlias = dict[str, Any]


def both(draw: Callable[[bool], Drawing], description: str) -> Chart:
    """`draw`: the picture, narrow or not."""
    return Chart(_svg(draw(False), description), _svg(draw(True), description))


def _sized(drawing: Drawing, is_narrow: bool, width: int, height: int) -> Drawing:
    """A narrow one holds its axis and the names beside it within its width."""
    if is_narrow:
        fit = {"type": "fit-x", "contains": "padding"}
        return {**drawing, "width": NARROW, "height": height, "autosize": fit}
    return {**drawing, "width": width, "height": height}


_SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
_CONFIG = {
    "font": "system-ui, sans-serif",
    "aria": False,
    "view": {"stroke": None},
    "axis": {
        "labelColor": MUTED,
        "titleColor": MUTED,
        "gridColor": GRID,
        "domainColor": GRID,
        "labelFontSize": 11,
        "titleFontWeight": "normal",
        "ticks": False,
        "labelPadding": 6,
        # To cut numbers and days, which are short, each would be measured several times.
        "labelLimit": 0,
    },
    "legend": {"labelColor": INK, "title": None, "orient": "top", "labelFontSize": 11},
}


def _svg(drawing: Drawing, description: str) -> str:
    padding = {"left": 18, "right": 8, "top": 4, "bottom": 4}
    page = {"$schema": _SCHEMA, "background": "transparent", "padding": padding, "config": _CONFIG}
    return slim(_drawn(json.dumps(page | drawing, allow_nan=False)), description, _STYLED)


@lru_cache(maxsize=128)
def _drawn(specification: str) -> str:
    """Drawing takes longest, and pages of one report have charts in common."""
    return str(vl_convert.vegalite_to_svg(json.loads(specification)))


def png(svg: str) -> bytes:
    """A chart as a picture on white ground, for mail and chat, which show no SVG."""
    for colour, name in _STYLED.items():
        svg = svg.replace(f"var(--{name})", colour)
    end = svg.index(">", svg.index("<svg"))
    ground = '<rect width="100%" height="100%" fill="#ffffff"/>'
    # What the page's style says of text once.
    font = ' font-family="sans-serif" font-size="11"'
    return bytes(vl_convert.svg_to_png(f"{svg[:end]}{font}>{ground}{svg[end + 1 :]}", scale=2))


def data_of(rows: pd.DataFrame) -> Drawing:
    """Rows as Vega-Lite takes them: no number is null, dates are text, since a chart must not shift a day between time zones."""
    return {
        "values": [
            {
                str(name): str(value) if isinstance(value, date) else None if pd.isna(value) else value
                for name, value in row.items()
            }
            for row in rows.to_dict("records")
        ]
    }


def encoded(field: str, kind: str, **how: object) -> Drawing:
    """A channel of a mark that a field is shown by. `kind`: quantitative, ordinal or nominal."""
    return {"field": field, "type": kind, **how}


def sparkline(
    values: Sequence[float | None],
    description: str,
    band: tuple[float, float] | None = None,
    target: float | None = None,
) -> str:
    """A small line without axes; the last value is marked. Missing values leave a gap.

    `band`: shaded, what is usual; `target`: a dashed line. Both stretch the scale.
    """
    known = [value for value in values if value is not None and not math.isnan(value)]
    if not known:
        return ""
    reach = [*known, *(band or ()), *([] if target is None else [target])]
    low, high = min(reach), max(reach)
    across, up = 88 / max(1, len(values) - 1), 22 / (high - low) if high > low else 0.0

    def height(value: float) -> str:
        return f"{25 - (value - low) * up if up else 14:.1f}"

    points = [
        None if value is None or math.isnan(value) else (f"{4 + place * across:.1f}", height(value))
        for place, value in enumerate(values)
    ]
    ground = ""
    if band is not None:
        top, bottom = float(height(band[1])), float(height(band[0]))
        ground += (
            f'<rect class="usual" x="0" y="{top:.1f}" width="96" height="{max(1.0, bottom - top):.1f}"/>'
        )
    if target is not None:
        ground += f'<path class="target" d="M0 {height(target)}H96"/>'
    path = ""
    for before, point in zip([None, *points], points, strict=False):
        if point is not None:
            path += f"{'L' if before else 'M'}{point[0]} {point[1]}"
    last = points[-1]
    mark = f'<circle cx="{last[0]}" cy="{last[1]}" r="2.6"/>' if last else ""
    label = escape(description, quote=True)
    return f'<svg class="spark" role="img" aria-label="{label}" viewBox="0 0 96 28" width="96" height="28">{ground}<path d="{path}"/>{mark}</svg>'


def lines(
    rows: pd.DataFrame,
    series: str,
    title: str,
    description: str,
    say: Language,
    form: str = "number",
    target: float | None = None,
    everybody: Sequence[str] = (),
) -> Chart:
    """One line a series over weeks, broken where a week has no value.

    Columns: period_start (a date), value, the series' name column and, where some may be, `is_faint`: of few cases, drawn as
    a pale point that no line leads to. `everybody`: all series that any page shows, so that each keeps its colour.
    """
    starts = _weeks(rows["period_start"])
    names = list(dict.fromkeys(rows[series]))
    drawn = _with_gaps(rows, series, names, starts, say)
    order = [say.day(day, with_year=False) for day in starts]

    def draw(is_narrow: bool) -> Drawing:
        axis = {"labelAngle": 0, "labelOverlap": "greedy", "labelSeparation": 8}
        shared = {
            "x": encoded("day", "ordinal", scale={"domain": order}, title=None, axis=axis),
            "y": encoded("value", "quantitative", title=title, axis=axis_of(say, form), scale={"zero": True}),
            "color": _colour(series, names, everybody, 2 if is_narrow else None),
        }
        line = {"type": "line", "strokeWidth": 2, "invalid": "break-paths-show-path-domains"}
        alone = {"type": "point", "filled": True, "size": 18, "opacity": 1}
        faint = {"type": "point", "filled": False, "size": 22, "opacity": _FAINT}
        layers: list[Drawing] = [
            {"mark": line, "encoding": {**shared, "y": encoded("solid", "quantitative")}},
            {"mark": alone, "encoding": shared, "transform": [{"filter": "datum.is_alone"}]},
            {"mark": faint, "encoding": shared, "transform": [{"filter": "datum.is_faint"}]},
        ]
        if target is not None:
            layers.append(
                {
                    "data": {"values": [{"target": target}]},
                    "mark": {"type": "rule", "color": MUTED, "strokeDash": [4, 4]},
                    "encoding": {"y": encoded("target", "quantitative")},
                }
            )
        return _sized({"data": data_of(drawn), "layer": layers}, is_narrow, WIDTH, 200)

    return both(draw, description)


def _with_gaps(
    rows: pd.DataFrame, series: str, names: Sequence[str], starts: Sequence[date], say: Language
) -> pd.DataFrame:
    """A row for each series and week. `solid`: the value that a line leads to; `is_alone`: one without a neighbour."""
    faint = rows["is_faint"] if "is_faint" in rows else [False] * len(rows)
    known = {
        (name, start): (float(value), bool(few))
        for name, start, value, few in zip(
            rows[series], rows["period_start"], rows["value"], faint, strict=True
        )
        if not pd.isna(value)
    }
    made = []
    for name in names:
        found = [known.get((name, start)) for start in starts]
        solid = [None if each is None or each[1] else each[0] for each in found]
        for place, start in enumerate(starts):
            value, few = found[place] or (None, False)
            beside = (*solid[max(0, place - 1) : place], *solid[place + 1 : place + 2])
            made.append(
                {
                    series: name,
                    "day": say.day(start, with_year=False),
                    "value": value,
                    "solid": solid[place],
                    "is_faint": few,
                    "is_alone": solid[place] is not None and all(each is None for each in beside),
                }
            )
    return pd.DataFrame(made).astype({"value": object, "solid": object})


def _colour(
    column: str, shown: Sequence[str], everybody: Sequence[str], columns: int | None = None
) -> Drawing:
    """A colour for each name: of all names that pages show, the same on each page. `columns`: of the legend."""
    names = list(dict.fromkeys([*everybody, *shown]))
    colours = [PALETTE[names.index(name) % len(PALETTE)] for name in shown]
    legend = {} if columns is None else {"columns": columns, "labelLimit": _NARROW_NAME}
    scale = {"domain": list(shown), "range": colours}
    return encoded(column, "nominal", scale=scale, sort=None, legend=legend)


def _weeks(starts: pd.Series) -> list[date]:
    """Every week from the first to the last: one without a value keeps its place."""
    first, last = min(starts), max(starts)
    return [first + timedelta(weeks=number) for number in range((last - first).days // 7 + 1)]


def axis_of(say: Language, form: str, grid: bool = True, ticks: int = 5) -> Drawing:
    """An axis whose numbers are written the language's way. `form`: number or percent."""
    decimal, group = (",", "\\u202f") if say.code == "fr" else (".", ",")
    if form == "percent":
        mark = "\\u202f%" if say.code == "fr" else "%"
        written = f"datum.value < 0 ? '' : format(datum.value * 100, '.0f') + '{mark}'"
    else:
        written = "format(datum.value, datum.value % 1 ? ',.1f' : ',.0f')"
        if say.code == "fr":
            written = f"replace(replace({written}, ',', '{group}'), '.', '{decimal}')"
    return {"labelExpr": written, "tickCount": ticks, "grid": grid}


def bars(
    rows: pd.DataFrame,
    category: str,
    title: str,
    description: str,
    say: Language,
    form: str = "number",
    highlight: Sequence[str] = (),
) -> Chart:
    """Horizontal bars in the rows' order, with their values as `text` says them; highlighted ones in the alarm colour.

    Those whose `is_faint` is true, where there is such a column, are pale.
    """
    order = list(rows[category])
    faint = rows["is_faint"] if "is_faint" in rows else [False] * len(rows)
    shades = [
        ALARM if name in highlight else PALE if few else ACCENT
        for name, few in zip(order, faint, strict=True)
    ]
    words = [ALARM if shade == ALARM else INK for shade in shades]
    strength = [_FAINT if shade == PALE else 1.0 for shade in shades]
    drawn = rows[[category, "value", "text"]].assign(shade=shades, words=words, strength=strength)
    furthest = max(float(rows["value"].max()), 1e-9)

    def draw(is_narrow: bool) -> Drawing:
        axis = {"labelLimit": _NARROW_NAME if is_narrow else _NAME, "labelColor": INK}
        # A picture of fixed width has no room but its own for the words behind the longest bar.
        reach = {"domainMax": 1.4 * furthest} if is_narrow else {}
        written = axis_of(say, form, ticks=3 if is_narrow else 5)
        shared = {
            "y": encoded(category, "nominal", sort=order, title=None, axis=axis),
            "x": encoded("value", "quantitative", title=title, axis=written, scale=reach),
        }
        bar = {
            "color": encoded("shade", "nominal", scale=None),
            "opacity": encoded("strength", "quantitative", scale=None),
        }
        beside = {"text": encoded("text", "nominal"), "color": encoded("words", "nominal", scale=None)}
        layers: list[Drawing] = [
            {"mark": {"type": "bar", "height": {"band": 0.65}}, "encoding": shared | bar},
            {"mark": {"type": "text", "align": "left", "dx": 6, "fontSize": 11}, "encoding": shared | beside},
        ]
        if ALARM in shades:
            # A bar of a share that is next to nothing cannot be seen.
            layers.append(
                {
                    "mark": {"type": "tick", "color": ALARM, "thickness": 3, "orient": "vertical"},
                    "encoding": shared,
                    "transform": [{"filter": f"datum.shade == '{ALARM}'"}],
                }
            )
        height = max(60, 24 * len(order))
        return _sized({"data": data_of(drawn), "layer": layers}, is_narrow, WIDTH - 130, height)

    return both(draw, description)


def dots(
    rows: pd.DataFrame,
    category: str,
    part: str,
    parts: Sequence[str],
    title: str,
    description: str,
    say: Language,
) -> Chart:
    """A point for each category (down) and part (in colour), side by side: medians do not add up to a bar.

    `parts`: every part that any page shows, in order. Points whose `is_faint` is true are hollow and pale.
    """
    shown = [each for each in parts if each in set(rows[part])]
    drawn = rows[[category, part, "value", "is_faint"]]

    def draw(is_narrow: bool) -> Drawing:
        axis = {"labelLimit": _NARROW_NAME if is_narrow else _NAME, "labelColor": INK, "grid": True}
        number = axis_of(say, "number")
        shared = {
            "y": encoded(category, "nominal", title=None, axis=axis),
            "x": encoded("value", "quantitative", title=title, axis=number, scale={"zero": True}),
            "yOffset": encoded(part, "nominal", sort=shown),
            "color": _colour(part, shown, parts, 2 if is_narrow else None),
        }
        points = [
            {
                "mark": {"type": "point", "filled": is_filled, "size": 90, "opacity": opacity},
                "encoding": shared,
                "transform": [{"filter": those}],
            }
            for those, is_filled, opacity in (("!datum.is_faint", True, 1), ("datum.is_faint", False, _FAINT))
        ]
        height = max(70, 44 * rows[category].nunique())
        return _sized({"data": data_of(drawn), "layer": points}, is_narrow, WIDTH - 90, height)

    return both(draw, description)
