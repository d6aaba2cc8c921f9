"""Whether a launch did what was expected of it: one rule for all of them, by the interval against the target."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from statistics import median

# Of a refuted launch it is asked after so many days whether it was taken back.
TAKEN_BACK_WITHIN_DAYS = 30

Interval = tuple[float, float]


class KpiVerdict(StrEnum):
    """Of a metric at a checkpoint. A missed guardrail is a breach."""

    MET = "met"
    MISSED = "missed"
    INCONCLUSIVE = "inconclusive"
    NOT_MEASURED = "not_measured"


class LaunchVerdict(StrEnum):
    """Of a launch. Undeclared: nobody said what was expected."""

    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    INCONCLUSIVE = "inconclusive"
    NOT_YET = "not_yet"
    UNDECLARED = "undeclared"


class ExperimentVerdict(StrEnum):
    """Of an experiment. Not trusted: people were not split as planned, so nothing can be said.

    Stopped early: whoever stops when it looks good sees effects that there are not. Undeclared: nobody said what was expected.
    """

    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    INCONCLUSIVE = "inconclusive"
    NOT_YET = "not_yet"
    NOT_TRUSTED = "not_trusted"
    STOPPED_EARLY = "stopped_early"
    UNDECLARED = "undeclared"


@dataclass(frozen=True)
class KillFast:
    """How fast refuted launches were taken back. `days_median`: from the verdict; None while none was.

    `taken_back` of the `refuted` ones whose verdict is 30 days old or older.
    """

    refuted: int
    taken_back: int
    days_median: float | None


def kpi_verdict(at_least: float | None, at_most: float | None, interval: Interval | None) -> KpiVerdict:
    """A metric against the one bound that it has: met or missed only when the whole interval is on one side.

    `interval`: None where nothing was measured. Raises ValueError for none or two bounds.
    """
    if (at_least is None) == (at_most is None):
        raise ValueError("A verdict needs one bound.")
    if interval is None:
        return KpiVerdict.NOT_MEASURED
    low, high = interval
    if at_least is not None:
        is_met, is_missed = low >= at_least, high < at_least
    else:
        assert at_most is not None
        is_met, is_missed = high <= at_most, low > at_most
    if is_met:
        return KpiVerdict.MET
    return KpiVerdict.MISSED if is_missed else KpiVerdict.INCONCLUSIVE


def launch_verdict(primary: KpiVerdict, guardrails: Collection[KpiVerdict]) -> LaunchVerdict:
    """A launch by its primary metric and its guardrails on the day that decides: a breach overrides what the primary says."""
    if KpiVerdict.MISSED in guardrails or primary is KpiVerdict.MISSED:
        return LaunchVerdict.REFUTED
    return LaunchVerdict.CONFIRMED if primary is KpiVerdict.MET else LaunchVerdict.INCONCLUSIVE


def experiment_verdict(
    variants: Collection[LaunchVerdict], is_split_as_planned: bool, is_over: bool, is_stopped_early: bool
) -> ExperimentVerdict:
    """An experiment by what each variant beside the control came to: confirmed by one, refuted by all."""
    if not is_split_as_planned:
        return ExperimentVerdict.NOT_TRUSTED
    if is_stopped_early:
        return ExperimentVerdict.STOPPED_EARLY
    if not is_over:
        return ExperimentVerdict.NOT_YET
    if LaunchVerdict.CONFIRMED in variants:
        return ExperimentVerdict.CONFIRMED
    is_refuted = variants and set(variants) == {LaunchVerdict.REFUTED}
    return ExperimentVerdict.REFUTED if is_refuted else ExperimentVerdict.INCONCLUSIVE


def is_post_hoc(is_defined_before: bool, is_edited_after: bool) -> bool:
    """Whether what was expected is only known to have been written, or was changed, once the launch was out."""
    return not is_defined_before or is_edited_after


def kill_fast(refuted: Iterable[tuple[date, date | None]], as_of: date) -> KillFast:
    """Of refuted launches: the day of the verdict, and the day on which all was switched off, if it was.

    What was off before its verdict took no day.
    """
    known = list(refuted)
    days = [max(0, (off - on).days) for on, off in known if off is not None and off <= as_of]
    old = [(on, off) for on, off in known if on + timedelta(days=TAKEN_BACK_WITHIN_DAYS) <= as_of]
    taken_back = sum(off is not None and off <= as_of for _, off in old)
    return KillFast(len(old), taken_back, median(days) if days else None)
