"""Features by how many use them and how often, as a chart: each point with its name, and lines through the middle."""

from collections.abc import Sequence

import pandas as pd

from reports import placement as labels
from reports.charts import (
    ACCENT,
    INK,
    MUTED,
    NARROW,
    PALE,
    WIDTH,
    Chart,
    Drawing,
    axis_of,
    both,
    data_of,
    encoded,
)  # fmt: skip
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
    across_axis, up_axis = axis_of(say, "percent", grid=False), axis_of(say, "number", grid=False)
    named = rows[rows["name"].isin([name for name, _, _ in spots])]
    shades = [PALE if few else ACCENT for few in named["is_faint"]]
    leaders = [
        {**values(*points[name]), **{f"{key}2": value for key, value in values(*end).items()}}
        for name, across, down in spots
        if (end := labels.leader(points[name], name, across, down)) is not None
    ]
    layers = [
        {
            "data": data_of(named[["x", "y"]].assign(shade=shades)),
            "mark": {"type": "point", "filled": True, "size": 60, "opacity": 1},
            "encoding": {
                "x": _encoded("x", title=titles[0], axis=across_axis, scale=_from_to(0, most)),
                "y": _encoded("y", title=titles[1], axis=up_axis, scale=_from_to(lowest, highest)),
                "color": encoded("shade", "nominal", scale=None),
            },
        },
        {
            "data": {"values": [{"name": name, **values(across, down)} for name, across, down in spots]},
            "mark": {"type": "text", "align": "left", "baseline": "middle", "fontSize": 11, "color": INK},
            "encoding": {"x": _encoded("x"), "y": _encoded("y"), "text": encoded("name", "nominal")},
        },
    ]
    if leaders:
        layers.append(
            {
                "data": {"values": leaders},
                "mark": {"type": "rule", "color": MUTED, "strokeWidth": 0.7},
                "encoding": {
                    "x": _encoded("x"),
                    "y": _encoded("y"),
                    "x2": {"field": "x2"},
                    "y2": {"field": "y2"},
                },
            }
        )
    for name, value in zip("xy", middle, strict=True):
        layers.append(
            {
                "data": {"values": [{name: value}]},
                "mark": {"type": "rule", "color": MUTED, "strokeDash": [4, 4]},
                "encoding": {name: _encoded(name)},
            }
        )
    for place, word in enumerate(corners):
        is_left, is_top = place % 2 == 0, place < 2
        at = {"x": 0.0 if is_left else most, "y": highest if is_top else lowest, "corner": word}
        layers.append(
            {
                "data": {"values": [at]},
                "mark": {
                    "type": "text", "align": "left" if is_left else "right", "baseline": "top" if is_top else "bottom",
                    "dx": 6 if is_left else -2, "dy": 4 if is_top else -4, "fontSize": 11, "fontStyle": "italic", "color": MUTED,
                },
                "encoding": {"x": _encoded("x"), "y": _encoded("y"), "text": encoded("corner", "nominal")},
            }
        )  # fmt: skip
    return {"layer": layers, "width": width, "height": height}


def _encoded(field: str, **how: object) -> Drawing:
    return encoded(field, "quantitative", **how)


def _from_to(low: float, high: float) -> Drawing:
    return {"domain": [low, high], "nice": False}


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
