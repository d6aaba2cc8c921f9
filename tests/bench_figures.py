"""Figures of several runs of a bench: the least, the median and the most of each."""

from collections import defaultdict
from statistics import median


class Figures:
    """By name, in the order in which they were first taken."""

    def __init__(self) -> None:
        self._taken: dict[str, list[float]] = defaultdict(list)

    def take(self, **figures: float) -> None:
        for name, value in figures.items():
            self._taken[name].append(value)

    def line(self, title: str, name: str, unit: str, digits: int = 1) -> str:
        """Such as `first night  88.1 - 91.0 - 95.2 s`; one figure where there was one run."""
        values = self._taken[name]
        shown = [min(values), median(values), max(values)] if len(values) > 1 else values
        return f"{title:<42}{' - '.join(f'{value:,.{digits}f}' for value in shown)} {unit}"
