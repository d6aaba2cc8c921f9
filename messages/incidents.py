"""When owners hear of a problem: once when it begins, once when it is over. A pure function of what was and what is."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Problem:
    """Something that is wrong. `kind` (failed, blocked, stale, held) and `subject` say that it is still the same problem.

    `began`: what tells two problems of the same kind and subject apart that follow each other, such as the run's id.
    `title` and `lines`: what is wrong and what that means; `link`: where to look, or "".
    """

    kind: str
    subject: str
    owner: str
    began: str
    title: str
    lines: tuple[str, ...] = ()
    link: str = ""

    @property
    def key(self) -> str:
        return f"{self.kind}/{self.subject}"

    @classmethod
    def from_state(cls, stored: Mapping[str, Any]) -> "Problem":
        return cls(**{**stored, "lines": tuple(stored["lines"])})


@dataclass(frozen=True)
class Facts:
    """What is known now. `judged`: kinds, or keys, that were looked at; of anything else these facts say nothing."""

    problems: tuple[Problem, ...]
    judged: frozenset[str]

    def say_something_of(self, problem: Problem) -> bool:
        return problem.kind in self.judged or problem.key in self.judged


@dataclass(frozen=True)
class Notice:
    """A message that is due: a problem has begun, or is over."""

    problem: Problem
    is_over: bool

    @property
    def key(self) -> str:
        """The same for the same end of the same problem, whenever it is worked out."""
        return f"{self.beginning}/over" if self.is_over else self.beginning

    @property
    def beginning(self) -> str:
        return f"alert/{self.problem.key}/{self.problem.began}"


@dataclass(frozen=True)
class State:
    """`open`: problems that have begun, by key. `due`: notices that are not delivered yet, oldest first."""

    open: Mapping[str, Problem]
    due: tuple[Notice, ...]

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "State":
        return cls(
            {key: Problem.from_state(each) for key, each in stored.get("open", {}).items()},
            tuple(
                Notice(Problem.from_state(each["problem"]), each["is_over"]) for each in stored.get("due", [])
            ),
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "open": {key: asdict(problem) for key, problem in self.open.items()},
            "due": [asdict(notice) for notice in self.due],
        }


def advance(state: State, facts: Facts) -> State:
    """The state after these facts, with the notices that they make due.

    A problem that goes on makes none, whatever its words say by now. One that the facts say nothing of stays as it is.
    """
    present = {problem.key: problem for problem in facts.problems}
    over = [
        problem
        for key, problem in state.open.items()
        if key not in present and facts.say_something_of(problem)
    ]
    begun = [problem for key, problem in present.items() if key not in state.open]
    gone = {problem.key for problem in over}
    still = {key: problem for key, problem in state.open.items() if key not in gone}
    return State(
        {**still, **{problem.key: problem for problem in begun}},
        (
            *state.due,
            *(Notice(problem, is_over=True) for problem in over),
            *(Notice(problem, is_over=False) for problem in begun),
        ),
    )


def delivered(state: State, notices: Collection[str]) -> State:
    """The state without the due notices of these keys."""
    return State(state.open, tuple(notice for notice in state.due if notice.key not in notices))
