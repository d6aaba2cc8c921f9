"""Where the names of a chart's points stand, so that none covers another."""

from collections.abc import Iterator, Sequence
from math import hypot

# Of text of 11 pixels: an average letter, a line, and how far a name stands from its point.
_LETTER, _LINE, _GAP = 6.0, 13.0, 7.0
# How far sideways the places lie that are tried, and from where on a line leads from a point to its name.
_STEP, _LED = 24.0, 18.0
# How many pixels further away a name stands rather than cross a line of the chart, or stand above or below its point.
_CROSSING, _BESIDE = 60.0, 4.0

Box = tuple[float, float, float, float]


def placed(
    points: Sequence[tuple[str, float, float]], size: tuple[float, float], lines: Sequence[Box] = ()
) -> list[tuple[str, float, float]]:
    """For points (name, pixels from the left, pixels from the top): where each name begins, and the middle of its line.

    A name stands within `size` (width, height), as near to its point as the others leave room; it crosses one of the
    `lines` only where it would have to stand far away. One is left out only where the whole picture is full.
    """
    taken: list[Box] = [(x - 4, y - 4, x + 4, y + 4) for _, x, y in points]
    found = []
    for name, x, y in points:
        length = width(name)
        nearest = sorted(
            (
                (_distance((x, y), _box(*at, length)) + (_BESIDE if at[1] != y else 0.0), at)
                for at in _candidates(x, y, length, size)
            ),
            key=lambda each: each[0],
        )
        best: tuple[float, tuple[float, float]] | None = None
        for distance, at in nearest:
            if best is not None and distance >= best[0]:
                break
            box = _box(*at, length)
            if not _is_within(box, size) or _meets(box, taken):
                continue
            cost = distance + (_CROSSING if _meets(box, lines) else 0.0)
            if best is None or cost < best[0]:
                best = (cost, at)
        if best is not None:
            taken.append(_box(*best[1], length))
            found.append((name, *best[1]))
    return found


def leader(point: tuple[float, float], name: str, start: float, middle: float) -> tuple[float, float] | None:
    """Where a line from a point to its name ends; None where the name is near enough to need none."""
    box = _box(start, middle, width(name))
    end = _nearest(point, box)
    return end if hypot(point[0] - end[0], point[1] - end[1]) > _LED else None


def width(text: str) -> float:
    """About how many pixels a text takes."""
    return len(text) * _LETTER


def _box(start: float, middle: float, length: float) -> Box:
    return (start, middle - _LINE / 2, start + length, middle + _LINE / 2)


def _is_within(box: Box, size: tuple[float, float]) -> bool:
    return box[0] >= 0 and box[1] >= 0 and box[2] <= size[0] and box[3] <= size[1]


def _meets(box: Box, others: Sequence[Box]) -> bool:
    return any(_overlap(box, other) for other in others)


def _nearest(point: tuple[float, float], box: Box) -> tuple[float, float]:
    return min(max(point[0], box[0]), box[2]), min(max(point[1], box[1]), box[3])


def _distance(point: tuple[float, float], box: Box) -> float:
    end = _nearest(point, box)
    return hypot(point[0] - end[0], point[1] - end[1])


def _candidates(
    x: float, y: float, length: float, size: tuple[float, float]
) -> Iterator[tuple[float, float]]:
    """Right and left of a point and in its middle, on every line of the picture; on other lines further to the sides too."""
    starts = (x + _GAP, x - _GAP - length, x - length / 2)
    aside = [start for place in range(int(size[0] // _STEP)) if (start := place * _STEP) + length <= size[0]]
    lines = int(size[1] // _LINE)
    for line in sorted(range(-lines, lines + 1), key=abs):
        middle = y + line * _LINE
        if 0 <= middle <= size[1]:
            for start in (*starts, *aside) if line else starts[:2]:
                yield start, middle


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
