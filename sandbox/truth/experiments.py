"""What became of each experiment, from the people themselves: who saw what, how many used the feature, and whether that can be chance."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from scipy.stats import binomtest
from scipy.stats.contingency import relative_risk

from sandbox.company.company import Company
from sandbox.company.experiments.catalogue import (
    AT_LEAST,
    CONTROL,
    EXPERIMENTS,
    GUARDRAIL_AT_LEAST,
    TREATMENT,
    Experiment,
)
from sandbox.company.usage.plan import ms
from sandbox.company.usage.traits import EXPOSURE_KINDS
from sandbox.company.work_time import midnight
from sandbox.truth.facts import Facts, usage_facts

# As uneven as that once in a thousand honest splits.
_ALARM = 0.001


@dataclass(frozen=True)
class ExperimentTruth:
    """`people` and `users` of the feature under the control and the treatment; `both` saw both. `verdict` by exact numbers."""

    experiment_id: str
    people: tuple[int, int]
    users: tuple[int, int]
    both: int
    verdict: str


def experiment_truth(company: Company, as_of: date, read_at: datetime) -> dict[str, ExperimentTruth]:
    """By experiment that had begun, what is true of it as of a date. `read_at`: as for `truth`."""
    facts = usage_facts(company, as_of, read_at)
    return {each.id: _truth(each, company, facts, as_of) for each in EXPERIMENTS if each.started_on < as_of}


def _truth(experiment: Experiment, company: Company, facts: Facts, as_of: date) -> ExperimentTruth:
    last_day = min(experiment.last_day, as_of - timedelta(days=1))
    shown = _shown(experiment, company, last_day, as_of)
    alone = {person: next(iter(variants)) for person, variants in shown.items() if len(variants) == 1}
    first = {person: variants[alone[person]] for person, variants in shown.items() if person in alone}
    people = Counter(alone.values())

    def users(feature: str) -> Counter[str]:
        found = {
            use.person
            for use in facts.uses
            if use.feature_id == feature and use.person in first and first[use.person] <= use.day <= last_day
        }
        return Counter(alone[person] for person in found)

    used = users(experiment.feature)
    lost = None if experiment.guardrail is None else users(experiment.guardrail)
    return ExperimentTruth(
        experiment.id,
        (people[CONTROL], people[TREATMENT]),
        (used[CONTROL], used[TREATMENT]),
        len(shown) - len(alone),
        _verdict(experiment, people, used, lost, as_of),
    )


def _shown(
    experiment: Experiment, company: Company, last_day: date, as_of: date
) -> dict[int, dict[str, date]]:
    """By person, the day on which they were shown each variant first."""
    kinds = {EXPOSURE_KINDS[experiment.id, variant]: variant for variant in (CONTROL, TREATMENT)}
    known_before = ms(midnight(as_of))
    found: dict[int, dict[str, date]] = {}
    day = experiment.started_on
    while day <= last_day:
        batch = company.usage.day(day)
        for person, kind, upload in zip(
            batch.user.tolist(), batch.kind.tolist(), batch.upload_ms.tolist(), strict=True
        ):
            if kind in kinds and upload < known_before:
                found.setdefault(person, {}).setdefault(kinds[kind], day)
        day += timedelta(days=1)
    return found


def _verdict(
    experiment: Experiment, people: Counter[str], used: Counter[str], lost: Counter[str] | None, as_of: date
) -> str:
    if binomtest(people[CONTROL], people.total()).pvalue < _ALARM:
        return "not_trusted"
    if experiment.stopped_on is not None and experiment.stopped_on < as_of:
        return "stopped_early"
    if experiment.planned_end_on >= as_of:
        return "not_yet"
    low, high = _change(people, used)
    if lost is not None and _change(people, lost)[1] < GUARDRAIL_AT_LEAST:
        return "refuted"
    if low >= AT_LEAST:
        return "confirmed"
    return "refuted" if high < AT_LEAST else "inconclusive"


def _change(people: Counter[str], used: Counter[str]) -> tuple[float, float]:
    """95 % interval of how many more of those who were shown the treatment used it (Katz: of the logarithm of the ratio)."""
    interval = relative_risk(
        used[TREATMENT], people[TREATMENT], used[CONTROL], people[CONTROL]
    ).confidence_interval()
    return interval.low - 1, interval.high - 1
