"""Charts as self-contained SVG: no script and no request in the page that shows them.

Vega-Lite draws them. What it writes is then made smaller and given to the page's style: colours become the page's
own, so that a chart is dark on a dark page, and one sentence describes it, since a table with its numbers follows.
"""

import math
from collections.abc import Sequence
from datetime import date, timedelta
from html import escape

import altair as alt
import pandas as pd
import vl_convert

from reports import placement as labels
from reports.language import Language
from reports.svg import slim

INK, MUTED, ACCENT, ALARM, PAPER, GRID = "#1c2733", "#5b6673", "#2f6fde", "#c8442f", "#fffffe", "#e2e6eb"
PALETTE = ["#2f6fde", "#e08a1e", "#3a9d6e", "#a04fc4", "#c8442f", "#6b7785", "#0f8a9d", "#b0689a"]
# What each colour is called in the page's style, which says it again for dark pages.
_STYLED = {INK: "ink", MUTED: "muted", ACCENT: "accent", ALARM: "bad", PAPER: "paper", GRID: "line"} | {
    colour: f"c{place}" for place, colour in enumerate(PALETTE) if colour not in (ACCENT, ALARM)
}
_WIDTH = 860


def _svg(chart: alt.Chart | alt.LayerChart, description: str) -> str:
    styled = (
        chart.properties(background="transparent", padding={"left": 18, "right": 8, "top": 4, "bottom": 4})
        .configure(font="system-ui, sans-serif", aria=False)
        .configure_view(stroke=None)
        .configure_axis(labelColor=MUTED, titleColor=MUTED, gridColor=GRID, domainColor=GRID, labelFontSize=11, titleFontWeight="normal", ticks=False, labelPadding=6)
        .configure_legend(labelColor=INK, title=None, orient="top", labelFontSize=11)
    )  # fmt: skip
    return slim(str(vl_convert.vegalite_to_svg(styled.to_dict(validate=False))), description, _STYLED)


def png(svg: str) -> bytes:
    """A chart as a picture on white ground, for mail and chat, which show no SVG."""
    for colour, name in _STYLED.items():
        svg = svg.replace(f"var(--{name})", colour)
    end = svg.index(">", svg.index("<svg"))
    ground = '<rect width="100%" height="100%" fill="#ffffff"/>'
    # What the page's style says of text once.
    font = ' font-family="sans-serif" font-size="11"'
    return bytes(vl_convert.svg_to_png(f"{svg[:end]}{font}>{ground}{svg[end + 1 :]}", scale=2))


def _rows(frame: pd.DataFrame) -> pd.DataFrame:
    """Dates as text: a chart must not shift a day between time zones."""
    rows = frame.copy()
    for column in rows.columns:
        if column.endswith(("_start", "_date")):
            rows[column] = rows[column].astype(str)
    return rows


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
) -> str:
    """One line a series over weeks. Columns: period_start (a date), value, and the series' name column.

    `everybody`: all series that any page shows, so that each keeps its colour.
    """
    rows = rows.assign(day=[say.day(day, with_year=False) for day in rows["period_start"]])
    order = [say.day(day, with_year=False) for day in _weeks(rows["period_start"])]
    # A line of one week would not be seen without its point.
    point = alt.OverlayMarkDef(size=18) if rows.groupby(series)["value"].size().min() < 2 else False
    base = (
        alt.Chart(_rows(rows[["day", "value", series]]))
        .mark_line(point=point, strokeWidth=2)
        .encode(
            x=alt.X(
                "day:O",
                scale=alt.Scale(domain=order),
                title=None,
                axis=alt.Axis(labelAngle=0, labelOverlap="greedy"),
            ),
            y=alt.Y("value:Q", title=title, axis=_axis(say, form), scale=alt.Scale(zero=True)),
            color=_colour(series, list(dict.fromkeys(rows[series])), everybody),
        )
    )
    chart: alt.Chart | alt.LayerChart = base
    if target is not None:
        rule = (
            alt.Chart(pd.DataFrame({"target": [target]}))
            .mark_rule(color=MUTED, strokeDash=[4, 4])
            .encode(y="target:Q")
        )
        chart = base + rule
    return _svg(chart.properties(width=_WIDTH, height=200), description)


def _colour(column: str, shown: Sequence[str], everybody: Sequence[str]) -> alt.Color:
    """A colour for each name: of all names that pages show, the same on each page."""
    names = list(dict.fromkeys([*everybody, *shown]))
    colours = [PALETTE[names.index(name) % len(PALETTE)] for name in shown]
    return alt.Color(f"{column}:N", scale=alt.Scale(domain=list(shown), range=colours), sort=None)


def _weeks(starts: pd.Series) -> list[date]:
    """Every week from the first to the last: one without a value keeps its place."""
    first, last = min(starts), max(starts)
    return [first + timedelta(weeks=number) for number in range((last - first).days // 7 + 1)]


def _axis(say: Language, form: str, grid: bool = True) -> alt.Axis:
    """An axis whose numbers are written the language's way. `form`: number or percent."""
    decimal, group = (",", "\\u202f") if say.code == "fr" else (".", ",")
    if form == "percent":
        mark = "\\u202f%" if say.code == "fr" else "%"
        return alt.Axis(
            labelExpr=f"datum.value < 0 ? '' : format(datum.value * 100, '.0f') + '{mark}'",
            tickCount=5,
            grid=grid,
        )
    written = "format(datum.value, datum.value % 1 ? ',.1f' : ',.0f')"
    if say.code == "fr":
        written = f"replace(replace({written}, ',', '{group}'), '.', '{decimal}')"
    return alt.Axis(labelExpr=written, tickCount=5, grid=grid)


def bars(
    rows: pd.DataFrame,
    category: str,
    title: str,
    description: str,
    say: Language,
    form: str = "number",
    highlight: Sequence[str] = (),
) -> str:
    """Horizontal bars in the rows' order, with their values as `text` says them; highlighted ones in the alarm colour."""
    order = list(rows[category])
    base = alt.Chart(_rows(rows[[category, "value", "text"]])).encode(
        y=alt.Y(f"{category}:N", sort=order, title=None, axis=alt.Axis(labelLimit=230, labelColor=INK)),
        x=alt.X("value:Q", title=title, axis=_axis(say, form)),
    )
    marks = base.mark_bar(height={"band": 0.65}).encode(
        color=alt.condition(
            alt.FieldOneOfPredicate(field=category, oneOf=list(highlight)),
            alt.value(ALARM),
            alt.value(ACCENT),
        )
    )
    is_marked = alt.FieldOneOfPredicate(field=category, oneOf=list(highlight))
    labels = base.mark_text(align="left", dx=6, fontSize=11).encode(
        text="text:N", color=alt.condition(is_marked, alt.value(ALARM), alt.value(INK))
    )
    layers = marks + labels
    if highlight:
        # A bar of a share that is next to nothing cannot be seen.
        layers += (
            base.transform_filter(is_marked)
            .mark_tick(color=ALARM, thickness=3, orient="vertical")
            .encode(x=alt.X("value:Q", title=title, axis=_axis(say, form)))
        )
    return _svg(layers.properties(width=_WIDTH - 130, height=max(60, 24 * len(order))), description)


def dots(
    rows: pd.DataFrame,
    category: str,
    part: str,
    parts: Sequence[str],
    title: str,
    description: str,
    say: Language,
) -> str:
    """A point for each category (down) and part (in colour), side by side: medians do not add up to a bar.

    `parts`: every part that any page shows, in order.
    """
    shown = [each for each in parts if each in set(rows[part])]
    chart = (
        alt.Chart(_rows(rows[[category, part, "value"]]))
        .mark_point(filled=True, size=90, opacity=1)
        .encode(
            y=alt.Y(f"{category}:N", title=None, axis=alt.Axis(labelColor=INK, grid=True)),
            x=alt.X("value:Q", title=title, axis=_axis(say, "number"), scale=alt.Scale(zero=True)),
            yOffset=alt.YOffset(f"{part}:N", sort=shown),
            color=_colour(part, shown, parts),
        )
    )
    return _svg(
        chart.properties(width=_WIDTH - 90, height=max(70, 44 * rows[category].nunique())), description
    )


def quadrant(
    rows: pd.DataFrame,
    titles: tuple[str, str],
    middle: tuple[float, float],
    corners: Sequence[str],
    description: str,
    say: Language,
) -> str:
    """Named points with lines through the middle. Columns: name, x (a share), y (a number), is_faint (of few cases).
    `corners`: from top left, row by row."""
    # Room above and below the points for the words of the corners; upwards the axis begins near the lowest point.
    span = max(0.05, float(rows["y"].max() - rows["y"].min()))
    highest = [max(0.05, float(rows["x"].max())) * 1.12, float(rows["y"].max()) + 0.12 * span]
    lowest = float(rows["y"].min()) - 0.2 * span
    base = alt.Chart(rows[["name", "x", "y", "is_faint"]]).encode(
        x=alt.X("x:Q", title=titles[0], axis=_axis(say, "percent", grid=False), scale=alt.Scale(domain=[0, highest[0]], nice=False)),
        y=alt.Y("y:Q", title=titles[1], axis=_axis(say, "number", grid=False), scale=alt.Scale(domain=[lowest, highest[1]], nice=False)),
    )  # fmt: skip
    points = base.mark_point(filled=True, size=60, opacity=1).encode(
        color=alt.condition("datum.is_faint", alt.value(GRID), alt.value(ACCENT))
    )
    width, height = _WIDTH - 60, 330
    place_x = [float(value) / highest[0] * width for value in (*rows["x"], middle[0])]
    place_y = [
        (highest[1] - float(value)) / (highest[1] - lowest) * height for value in (*rows["y"], middle[1])
    ]
    spots = labels.placed(
        list(zip([str(each) for each in rows["name"]], place_x[:-1], place_y[:-1], strict=True)),
        (width, height),
        [
            (place_x[-1] - 1, 0.0, place_x[-1] + 1, float(height)),
            (0.0, place_y[-1] - 1, float(width), place_y[-1] + 1),
            # The words in the corners.
            *(
                (0.0, top, labels.width(word), top + 16.0)
                for word, top in ((corners[0], 0.0), (corners[2], height - 16.0))
            ),
            *(
                (width - labels.width(word), top, float(width), top + 16.0)
                for word, top in ((corners[1], 0.0), (corners[3], height - 16.0))
            ),
        ],
    )
    texts = pd.DataFrame(
        [
            {"name": name, "x": across / width * highest[0], "y": highest[1] - down / height * (highest[1] - lowest)}
            for name, across, down in spots
        ]
    )  # fmt: skip
    names = (
        alt.Chart(texts)
        .mark_text(align="left", baseline="middle", fontSize=11, color=INK)
        .encode(x="x:Q", y="y:Q", text="name:N")
    )
    across = (
        alt.Chart(pd.DataFrame({"x": [middle[0]]})).mark_rule(color=MUTED, strokeDash=[4, 4]).encode(x="x:Q")
    )
    upright = (
        alt.Chart(pd.DataFrame({"y": [middle[1]]})).mark_rule(color=MUTED, strokeDash=[4, 4]).encode(y="y:Q")
    )
    places = pd.DataFrame(
        {
            "x": [0.0, highest[0], 0.0, highest[0]],
            "y": [highest[1], highest[1], lowest, lowest],
            "corner": list(corners),
            "side": ["left", "right", "left", "right"],
            "edge": ["top", "top", "bottom", "bottom"],
        }
    )
    layers = points + names + across + upright
    for place in places.to_dict("records"):
        layers += (
            alt.Chart(pd.DataFrame([place]))
            .mark_text(align=place["side"], baseline=place["edge"], dx=6 if place["side"] == "left" else -2, dy=4 if place["edge"] == "top" else -4, fontSize=11, fontStyle="italic", color=MUTED)
            .encode(x="x:Q", y="y:Q", text="corner:N")
        )  # fmt: skip
    return _svg(layers.properties(width=width, height=height), description)
