"""Exports that a vendor makes as jobs: started, asked for until they are done, then downloaded."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from connectors.errors import Unreachable
from connectors.habits import members
from connectors.http import Http

FIRST_WAIT, LONGEST_WAIT = 1.0, 20.0
PATIENCE = 1800.0
MOST_STARTS = 3


@dataclass(frozen=True)
class JobWords:
    """What a vendor calls the states of its jobs. Any other state means that the job is at work.

    `state`, `problem`: paths of members of the answer (see `connectors.habits`). `failed`: for good; `failed_for_now`: a
    new job may succeed.
    """

    state: str
    done: tuple[str, ...]
    failed: tuple[str, ...]
    failed_for_now: tuple[str, ...] = ()
    problem: str = ""


class DoneJob(NamedTuple):
    """`address`: where the job was asked for; `answer`: the last body that came from there."""

    address: str
    answer: Any


def done_job(http: Http, start: Callable[[], str], words: JobWords) -> DoneJob:
    """Start a job and wait until it is done. `start` returns the address at which the job tells its state.

    Raises Unreachable when the job fails, or is not done after `PATIENCE` seconds.
    """
    for starts in range(1, MOST_STARTS + 1):
        job, state = _ended(http, start(), words)
        if state in words.done:
            return job
        if state in words.failed or starts == MOST_STARTS:
            break
    problem = next(iter(members(job.answer, words.problem)), None) if words.problem else None
    raise Unreachable(
        f"The vendor's job is {state}.",
        place=f"GET {job.address}",
        vendor_message=str(problem or ""),
        remedy="The next run asks again.",
    )


def _ended(http: Http, address: str, words: JobWords) -> tuple[DoneJob, str]:
    """The job in a state that it stays in."""
    wait, waited = FIRST_WAIT, 0.0
    while True:
        answer = http.get(address)
        state = str(next(iter(members(answer, words.state)), None))
        if state in (*words.done, *words.failed, *words.failed_for_now):
            return DoneJob(address, answer), state
        if waited > PATIENCE:
            raise Unreachable(
                f"The vendor's job is {state:.40} after {waited:.0f} seconds.",
                place=f"GET {address}",
                remedy="The next run asks again.",
            )
        http.pause(wait)
        waited, wait = waited + wait, min(wait * 1.5, LONGEST_WAIT)
