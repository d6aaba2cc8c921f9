"""One-touch tickets and satisfaction: what one counts by hand from a few rows."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from metrics.values import append_metric_values
from tests.metric_warehouse import create_warehouse, engine_of, insert, manifest_of, value

METRICS = (
    "one_touch_rate",
    "ticket_csat_rate",
    "ticket_csat_response_rate",
    "first_reply_business_seconds_median",
    "first_reply_business_seconds_p85",
    "first_resolution_business_seconds_median",
    "full_resolution_business_seconds_median",
    "full_resolution_business_seconds_p85",
    "requester_wait_business_seconds_median",
    "agent_wait_business_seconds_median",
    "sla_attainment_rate",
)
W45, W46 = date(2026, 11, 2), date(2026, 11, 9)
DAY = W46 + timedelta(days=1)


def ticket(
    name: str,
    feature: str,
    replies: int,
    counted: bool = True,
    solved: bool = True,
    business: tuple[int | None, ...] = (),
) -> tuple[Any, ...]:
    segment = "smb" if feature == "board" else "enterprise"
    seconds = 1000 if counted and solved else None
    return (
        name, feature, segment, counted, counted and solved, DAY, DAY if business else None, None,
        DAY if seconds else None, seconds, DAY if seconds else None, seconds, 0, 0, 1, "studio", "a1", replies, *business,
    )  # fmt: skip


def rating(
    name: str,
    feature: str,
    score: str | None,
    rated: date | None = DAY,
    offered: date = DAY,
    counted: bool = True,
    latest: bool = True,
) -> tuple[Any, ...]:
    return (name, feature, "smb", counted, latest and score is not None, score, offered, rated)


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    path = create_warehouse(tmp_path_factory.mktemp("answers") / "warehouse.duckdb")
    tickets = [
        ticket("t1", "board", 1, business=(0, 100, 200, 300, 400)),
        ticket("t2", "board", 2, business=(60, 300, 600, 900, 800)),
        # No business hours are declared for it.
        ticket("t3", "reports", 1, business=(None, None, None, None, None)),
        # Solved by a bot or by the customer alone; open again; deleted.
        ticket("t4", "board", 0),
        ticket("t5", "board", 1, solved=False, business=(30, None, None, None, None)),
        ticket("t6", "board", 1, counted=False, business=(9999, 9999, 9999, 9999, 9999)),
    ]
    insert(path, "marts.fct_ticket", tickets)
    ratings = [
        rating("r1", "board", "good"),
        rating("r2", "board", "bad", offered=W45),
        rating("r3", "reports", "good"),
        # Only asked for; of spam; and one that the customer changed later.
        rating("r4", "board", None, rated=None),
        rating("r5", "board", "bad", counted=False),
        rating("r6", "board", "bad", latest=False),
    ]
    insert(path, "marts.fct_ticket_rating", ratings)
    promises = [
        # Two metrics of one ticket are two promises.
        ("t1:reply", "board", "smb", True, True, DAY, "urgent", "7"),
        ("t1:work", "board", "smb", True, False, DAY, "urgent", "8"),
        ("t2:reply", "board", "smb", True, True, W46, "normal", "7"),
        ("t3:reply", "reports", "enterprise", True, False, DAY, "normal", "7"),
        # Of spam; open; kept, but nobody knows when it was due; due the week before.
        ("t6:reply", "board", "smb", False, True, DAY, "normal", "7"),
        ("t4:reply", "board", "smb", False, None, None, "normal", "7"),
        ("c1", "board", "smb", False, True, None, "normal", "7"),
        ("t5:reply", "board", "smb", True, True, W46 - timedelta(days=1), "normal", "7"),
    ]
    insert(path, "marts.fct_sla_instance", promises)
    append_metric_values(path, engine_of(manifest_of(*METRICS)), date(2026, 11, 16), date(2026, 8, 3))
    return lambda metric, period=W46, **dimensions: value(path, metric, period, **dimensions)


def test_one_reply_is_one_touch_and_none_is_not_counted(answers: Callable[..., Any]) -> None:
    assert answers("one_touch_rate") == (2, 3, pytest.approx(2 / 3), 3)
    assert answers("one_touch_rate", feature_id="board") == (1, 2, 0.5, 2)
    assert answers("one_touch_rate", segment="enterprise") == (1, 1, 1, 1)


def test_satisfaction_is_of_the_latest_ratings_by_the_week_they_were_given(
    answers: Callable[..., Any],
) -> None:
    assert answers("ticket_csat_rate") == (2, 3, pytest.approx(2 / 3), 3)
    assert answers("ticket_csat_rate", feature_id="board") == (1, 2, 0.5, 2)
    assert answers("ticket_csat_rate", W45) is None


def test_responses_are_of_the_week_in_which_they_were_asked_for(answers: Callable[..., Any]) -> None:
    assert answers("ticket_csat_response_rate") == (3, 4, 0.75, 4)
    assert answers("ticket_csat_response_rate", W45) == (1, 1, 1, 1)


def test_promises_count_in_the_week_in_which_they_were_due(answers: Callable[..., Any]) -> None:
    assert answers("sla_attainment_rate") == (2, 4, 0.5, 4)
    assert answers("sla_attainment_rate", feature_id="board") == (2, 3, pytest.approx(2 / 3), 3)
    assert answers("sla_attainment_rate", segment="enterprise") == (0, 1, 0, 1)
    assert answers("sla_attainment_rate", priority="urgent") == (1, 2, 0.5, 2)
    assert answers("sla_attainment_rate", policy_id="7") == (2, 3, pytest.approx(2 / 3), 3)
    assert answers("sla_attainment_rate", W45) == (1, 1, 1, 1)


def test_business_time_is_that_of_the_tickets_that_have_hours(answers: Callable[..., Any]) -> None:
    def values(feature: str | None = None) -> list[float]:
        dimensions = {} if feature is None else {"feature_id": feature}
        rows = (answers(metric, **dimensions) for metric in METRICS[3:10])
        return [row[2] for row in rows if row is not None]

    # 0, 30 and 60 for replies; of two solved tickets the middle.
    assert values() == [30, 51, 200, 400, 540, 600, 600]
    assert values("board")[:5] == [30, 51, 200, 400, 540]
    assert [value for value in values("reports") if value is not None] == []
