"""Features by how many use them and how often, as a chart: each point with its name, and lines through the middle."""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from reports import placement as labels
from reports.charts import ACCENT, INK, MUTED, NARROW, PALE, WIDTH, Chart, Drawing, axis_of, both
from reports.language import Language


def quadrant(
    rows: pd.DataFrame,
    titles: tuple[str, str],
    middle: tuple[float, float],
    corners: Sequence[str],
    description: str,
    say: Language,
) -> Chart:
    """Named points with lines through the middle. Columns: name, x (a share), y (a number), is_faint (of few cases).

    `corners`: from top left, row by row. A point stands in the picture with its name or, where that is full, not at all.
    """
    return both(lambda is_narrow: _quadrant(rows, titles, middle, corners, say, is_narrow), description)


def _quadrant(
    rows: pd.DataFrame,
    titles: tuple[str, str],
    middle: tuple[float, float],
    corners: Sequence[str],
    say: Language,
    is_narrow: bool,
) -> Drawing:
    # Room above and below the points for the words of the corners; upwards the axis begins near the lowest point.
    span = max(0.05, float(rows["y"].max() - rows["y"].min()))
    most, highest = max(0.05, float(rows["x"].max())) * 1.12, float(rows["y"].max()) + 0.12 * span
    lowest = float(rows["y"].min()) - 0.2 * span
    width, height = (NARROW - 64, 420) if is_narrow else (WIDTH - 60, 330)

    def pixels(x: float, y: float) -> tuple[float, float]:
        return x / most * width, (highest - y) / (highest - lowest) * height

    def values(across: float, down: float) -> dict[str, float]:
        return {"x": across / width * most, "y": highest - down / height * (highest - lowest)}

    points = {
        str(name): pixels(float(x), float(y))
        for name, x, y in zip(rows["name"], rows["x"], rows["y"], strict=True)
    }
    spots = labels.placed(
        [(name, *place) for name, place in points.items()],
        (width, height),
        _ground(pixels(*middle), corners, width, height),
    )
    scales = (
        alt.Scale(domain=[0, most], nice=False),
        alt.Scale(domain=[lowest, highest], nice=False),
    )
    x = alt.X("x:Q", title=titles[0], axis=axis_of(say, "percent", grid=False), scale=scales[0])
    y = alt.Y("y:Q", title=titles[1], axis=axis_of(say, "number", grid=False), scale=scales[1])
    named = rows[rows["name"].isin([name for name, _, _ in spots])]
    layers = (
        alt.Chart(named[["x", "y"]].assign(shade=[PALE if few else ACCENT for few in named["is_faint"]]))
        .mark_point(filled=True, size=60, opacity=1)
        .encode(x=x, y=y, color=alt.Color("shade:N", scale=None))
    ) + (
        alt.Chart(pd.DataFrame([{"name": name, **values(across, down)} for name, across, down in spots]))
        .mark_text(align="left", baseline="middle", fontSize=11, color=INK)
        .encode(x="x:Q", y="y:Q", text="name:N")
    )
    leaders = [
        {**values(*points[name]), **{f"{key}2": value for key, value in values(*end).items()}}
        for name, across, down in spots
        if (end := labels.leader(points[name], name, across, down)) is not None
    ]
    if leaders:
        rule = alt.Chart(pd.DataFrame(leaders)).mark_rule(color=MUTED, strokeWidth=0.7)
        layers += rule.encode(x="x:Q", y="y:Q", x2="x2:Q", y2="y2:Q")
    dashed = {"color": MUTED, "strokeDash": [4, 4]}
    layers += alt.Chart(pd.DataFrame({"x": [middle[0]]})).mark_rule(**dashed).encode(x="x:Q")
    layers += alt.Chart(pd.DataFrame({"y": [middle[1]]})).mark_rule(**dashed).encode(y="y:Q")
    for place, word in enumerate(corners):
        is_left, is_top = place % 2 == 0, place < 2
        at = pd.DataFrame(
            [{"x": 0.0 if is_left else most, "y": highest if is_top else lowest, "corner": word}]
        )
        layers += (
            alt.Chart(at)
            .mark_text(align="left" if is_left else "right", baseline="top" if is_top else "bottom", dx=6 if is_left else -2, dy=4 if is_top else -4, fontSize=11, fontStyle="italic", color=MUTED)
            .encode(x="x:Q", y="y:Q", text="corner:N")
        )  # fmt: skip
    return layers.properties(width=width, height=height)


def _ground(
    middle: tuple[float, float], corners: Sequence[str], width: float, height: float
) -> list[labels.Box]:
    """What names should not cross: the lines through the middle and the words in the corners."""
    across, down = middle
    boxes = [(across - 1, 0.0, across + 1, height), (0.0, down - 1, width, down + 1)]
    for place, word in enumerate(corners):
        reach = labels.width(word) + 8.0
        left = 0.0 if place % 2 == 0 else width - reach
        top = 0.0 if place < 2 else height - 18.0
        boxes.append((left, top, left + reach, top + 18.0))
    return boxes
