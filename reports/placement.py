"""Where the names of a chart's points stand, so that none covers another."""

from collections.abc import Sequence

# Of text of 11 pixels: an average letter, a line, and how far a name stands from its point.
_LETTER, _LINE, _GAP = 6.0, 13.0, 7.0
# How many lines above or below its point a name may stand before it is left out.
_FARTHEST = 3

Box = tuple[float, float, float, float]


def placed(
    points: Sequence[tuple[str, float, float]], size: tuple[float, float], lines: Sequence[Box] = ()
) -> list[tuple[str, float, float]]:
    """For points (name, pixels from the left, pixels from the top): where each name begins, and the middle of its line.

    A name stands right or left of its point, or some lines above or below it, within `size` (width, height); it crosses
    one of the `lines` only where there is no other room. One that finds none at all is left out: the table behind the
    chart has it.
    """
    taken: list[Box] = [(x - 4, y - 4, x + 4, y + 4) for _, x, y in points]
    found = []
    for name, x, y in points:
        length = width(name)
        free = [
            (start, middle, box)
            for start, middle in _candidates(x, y, length)
            if _is_within(box := _box(start, middle, length), size) and not _meets(box, taken)
        ]
        clear = [each for each in free if not _meets(each[2], lines)]
        if free:
            start, middle, box = (clear or free)[0]
            taken.append(box)
            found.append((name, start, middle))
    return found


def width(text: str) -> float:
    """About how many pixels a text takes."""
    return len(text) * _LETTER


def _box(start: float, middle: float, length: float) -> Box:
    return (start, middle - _LINE / 2, start + length, middle + _LINE / 2)


def _is_within(box: Box, size: tuple[float, float]) -> bool:
    return box[0] >= 0 and box[1] >= 0 and box[2] <= size[0] and box[3] <= size[1]


def _meets(box: Box, others: Sequence[Box]) -> bool:
    return any(_overlap(box, other) for other in others)


def _candidates(x: float, y: float, length: float) -> list[tuple[float, float]]:
    beside = [(x + _GAP, y), (x - _GAP - length, y)]
    away = [
        (start, y + side * line * _LINE)
        for line in range(1, _FARTHEST)
        for side in (-1, 1)
        for start in (x + _GAP, x - length / 2, x - _GAP - length)
    ]
    return beside + away


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
