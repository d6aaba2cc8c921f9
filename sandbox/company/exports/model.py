"""Exports as plain objects. Every moment is aware UTC; a day is one of the company's time zone."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True)
class EventAnswer:
    """A visitor's answer to the survey of a customer event. `event`: its month, such as 2026-09.

    `score`: 0 to 10, None when the question was left out. `is_spoiled`: someone has written into the score's cell.
    """

    id: str
    event: str
    person_index: int
    score: int | None
    comment: str
    answered_at: datetime
    is_spoiled: bool = False


@dataclass(frozen=True)
class Interview:
    """One thing that a customer said in an interview. `feature_id`: None when it was about no feature."""

    id: str
    account_index: int
    person_index: int
    feature_id: str | None
    theme: str
    quote: str
    held_at: datetime


@dataclass(frozen=True)
class Meeting:
    """A meeting of a team's people, once. Minutes; `attendees` with the organiser."""

    id: str
    team_id: str
    category: str
    starts_at: datetime
    minutes: int
    attendees: int
    is_declined: bool


@dataclass(frozen=True)
class ToolDay:
    """A colleague used a tool on a day."""

    tool_id: str
    person_index: int
    day: date
