"""Charts as self-contained SVG, drawn by Vega-Lite: no script and no request in the page that shows them."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd
import vl_convert

INK, MUTED, ACCENT, ALARM = "#1c2733", "#6b7785", "#2f6fde", "#c8442f"
PALETTE = ["#2f6fde", "#e08a1e", "#3a9d6e", "#a04fc4", "#c8442f", "#6b7785"]
_WIDTH = 860


def _svg(chart: alt.Chart | alt.LayerChart, description: str) -> str:
    styled = (
        chart.properties(description=description, background="transparent", padding={"left": 16, "right": 8, "top": 4, "bottom": 4})
        .configure(font="system-ui, sans-serif")
        .configure_view(stroke=None)
        .configure_axis(labelColor=MUTED, titleColor=MUTED, gridColor="#e6e9ed", domainColor="#c5ccd4", labelFontSize=11, titleFontWeight="normal", tickColor="#c5ccd4")
        .configure_legend(labelColor=INK, title=None, orient="top", labelFontSize=11)
    )  # fmt: skip
    return str(vl_convert.vegalite_to_svg(styled.to_dict()))


def png(svg: str) -> bytes:
    """A chart as a picture on white ground, for mail and chat, which show no SVG."""
    end = svg.index(">", svg.index("<svg")) + 1
    ground = '<rect width="100%" height="100%" fill="#ffffff"/>'
    return bytes(vl_convert.svg_to_png(svg[:end] + ground + svg[end:], scale=2))


def _rows(frame: pd.DataFrame) -> pd.DataFrame:
    """Dates as text: a chart must not shift a day between time zones."""
    rows = frame.copy()
    for column in rows.columns:
        if column.endswith(("_start", "_date")):
            rows[column] = rows[column].astype(str)
    return rows


def sparkline(values: Sequence[float], description: str) -> str:
    """A small line without axes; the last value is marked. Missing values leave a gap."""
    rows = pd.DataFrame({"place": range(len(values)), "value": list(values)})
    base = alt.Chart(rows).encode(
        x=alt.X("place:Q", axis=None), y=alt.Y("value:Q", axis=None, scale=alt.Scale(zero=False))
    )
    line = base.mark_line(color=ACCENT, strokeWidth=1.6)
    last = base.transform_filter(alt.datum.place == len(values) - 1).mark_point(
        color=ACCENT, filled=True, size=28
    )
    return _svg((line + last).properties(width=96, height=28), description)


def lines(
    rows: pd.DataFrame,
    series: str,
    title: str,
    description: str,
    form: str = ",.0f",
    target: float | None = None,
) -> str:
    """One line a series over weeks. Columns: period_start, value, and the series' name column."""
    base = (
        alt.Chart(_rows(rows))
        .mark_line(point=alt.OverlayMarkDef(size=18), strokeWidth=2)
        .encode(
            x=alt.X("period_start:O", title=None, axis=alt.Axis(labelExpr="slice(datum.value, 5)", labelAngle=0, labelOverlap="greedy")),
            y=alt.Y("value:Q", title=title, axis=alt.Axis(format=form, tickCount=5), scale=alt.Scale(zero=True)),
            color=alt.Color(f"{series}:N", scale=alt.Scale(range=PALETTE), sort=None),
        )
    )  # fmt: skip
    chart: alt.Chart | alt.LayerChart = base
    if target is not None:
        rule = (
            alt.Chart(pd.DataFrame({"target": [target]}))
            .mark_rule(color=MUTED, strokeDash=[4, 4])
            .encode(y="target:Q")
        )
        chart = base + rule
    return _svg(chart.properties(width=_WIDTH, height=200), description)


def bars(
    rows: pd.DataFrame,
    category: str,
    title: str,
    description: str,
    form: str = ",.0f",
    highlight: Sequence[str] = (),
) -> str:
    """Horizontal bars in the rows' order, with their values; highlighted categories in the alarm colour."""
    order = list(rows[category])
    base = alt.Chart(_rows(rows)).encode(
        y=alt.Y(f"{category}:N", sort=order, title=None, axis=alt.Axis(labelLimit=200, labelColor=INK)),
        x=alt.X("value:Q", title=title, axis=alt.Axis(format=form, tickCount=5)),
    )
    marks = base.mark_bar(height={"band": 0.65}).encode(
        color=alt.condition(
            alt.FieldOneOfPredicate(field=category, oneOf=list(highlight)),
            alt.value(ALARM),
            alt.value(ACCENT),
        )
    )
    labels = base.mark_text(align="left", dx=4, color=INK, fontSize=11).encode(
        text=alt.Text("value:Q", format=form)
    )
    return _svg((marks + labels).properties(width=_WIDTH - 130, height=max(60, 26 * len(order))), description)


def stacked(
    rows: pd.DataFrame, category: str, part: str, parts: Sequence[str], title: str, description: str
) -> str:
    """Horizontal stacked bars: one bar a category, one colour a part, in the given order of parts."""
    ordered = _rows(rows).assign(place=[list(parts).index(name) for name in rows[part]])
    chart = (
        alt.Chart(ordered)
        .mark_bar(height={"band": 0.65})
        .encode(
            y=alt.Y(f"{category}:N", title=None, axis=alt.Axis(labelColor=INK)),
            x=alt.X("value:Q", title=title, stack="zero"),
            color=alt.Color(
                f"{part}:N", sort=list(parts), scale=alt.Scale(domain=list(parts), range=PALETTE)
            ),
            order=alt.Order("place:Q"),
        )
    )
    return _svg(
        chart.properties(width=_WIDTH - 90, height=max(70, 30 * rows[category].nunique())), description
    )


def heatmap(rows: pd.DataFrame, row: str, column: str, columns: Sequence[str], description: str) -> str:
    """Shares from 0 to 1 as a table of tinted cells with their values; a cell without value stays blank."""
    base = alt.Chart(_rows(rows)).encode(
        y=alt.Y(f"{row}:N", title=None, sort=list(dict.fromkeys(rows[row])), axis=alt.Axis(labelColor=INK, labelLimit=180, domain=False, ticks=False)),
        x=alt.X(f"{column}:N", title=None, sort=list(columns), axis=alt.Axis(orient="top", labelAngle=0, labelColor=INK, domain=False, ticks=False)),
    )  # fmt: skip
    cells = base.mark_rect(stroke="#fff", strokeWidth=2).encode(
        color=alt.Color("value:Q", legend=None, scale=alt.Scale(domain=[0, 1], range=["#f2f5f9", ACCENT]))
    )
    dark: Any = alt.condition("datum.value > 0.55", alt.value("#fff"), alt.value(INK))
    text = base.mark_text(fontSize=11).encode(text=alt.Text("value:Q", format=".0%"), color=dark)
    return _svg(
        (cells + text).properties(width=150 * len(columns), height=max(60, 24 * rows[row].nunique())),
        description,
    )
