"""Whatever happens in whatever order: each problem is told once when it begins and once when it is over."""

import json
from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from messages.incidents import Facts, Notice, Problem, State, advance, delivered

START = State({}, ())
KEYS = [("failed", "nightly"), ("blocked", "team:product-ops"), ("stale", "zendesk"), ("stale", "jira")]


def problem(kind: str = "stale", subject: str = "zendesk", began: str = "run-1") -> Problem:
    return Problem(kind, subject, "team:support", began, f"{subject} is {kind}", ("why",), "https://x")


def facts(*problems: Problem, judged: tuple[str, ...] = ("stale",)) -> Facts:
    return Facts(problems, frozenset(judged))


# A night: which problems it finds, and of which keys it could not say anything.
nights = st.lists(
    st.tuples(st.sets(st.sampled_from(KEYS)), st.sets(st.sampled_from(KEYS)), st.booleans()), max_size=25
)


@given(nights)
def test_each_problem_is_told_once_and_its_end_once(story: list[tuple[set, set, bool]]) -> None:
    state, told = START, []
    open_by_hand: dict[tuple[str, str], str] = {}
    expected: list[str] = []
    for number, (present, unknown, arrives) in enumerate(story):
        present = present - unknown
        found = [problem(*key, began=str(number)) for key in sorted(present)]
        judged = frozenset(f"{kind}/{subject}" for kind, subject in KEYS if (kind, subject) not in unknown)
        state = advance(state, Facts(tuple(found), judged))
        for key in KEYS:
            if key in present and key not in open_by_hand:
                open_by_hand[key] = str(number)
                expected.append(f"alert/{key[0]}/{key[1]}/{number}")
            elif key not in present and key not in unknown and key in open_by_hand:
                expected.append(f"alert/{key[0]}/{key[1]}/{open_by_hand.pop(key)}/over")
        if arrives:
            told += [notice.key for notice in state.due]
            state = delivered(state, told)
    told += [notice.key for notice in state.due]
    assert Counter(told) == Counter(expected)
    assert set(state.open) == {f"{kind}/{subject}" for kind, subject in open_by_hand}
    for key in told:
        assert not key.endswith("/over") or told.index(key.removesuffix("/over")) < told.index(key)


@given(nights)
def test_the_state_survives_its_file(story: list[tuple[set, set, bool]]) -> None:
    state = START
    for number, (present, _, _) in enumerate(story):
        state = advance(state, facts(*(problem(*key, began=str(number)) for key in present)))
        assert State.from_json(json.loads(json.dumps(state.to_json()))) == state
    assert State.from_json({}) == START


def test_what_goes_on_is_told_no_second_time() -> None:
    state = delivered(advance(START, facts(problem())), [Notice(problem(), False).key])
    again = advance(state, facts(replace(problem(), began="run-2", lines=("other words",))))
    assert again.due == ()
    assert again.open["stale/zendesk"].began == "run-1"


def test_what_was_not_looked_at_is_neither_over_nor_begun() -> None:
    state = advance(START, facts(problem()))
    assert advance(state, facts(judged=("blocked", "stale/jira"))) == state
    assert [notice.is_over for notice in advance(state, facts(judged=("stale/zendesk",))).due] == [
        False,
        True,
    ]


def test_a_problem_that_comes_back_is_another_one() -> None:
    state = advance(advance(START, facts(problem())), facts())
    assert [notice.key for notice in advance(state, facts(problem(began="run-3"))).due] == [
        "alert/stale/zendesk/run-1", "alert/stale/zendesk/run-1/over", "alert/stale/zendesk/run-3",
    ]  # fmt: skip
