"""The facts behind the exports: customer events, interviews, team calendars, use of internal tools."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from sandbox.company.catalogue import FEATURES, HISTORY_END, HISTORY_START, TEAMS
from sandbox.company.exports.model import EventAnswer, Interview, Meeting, ToolDay
from sandbox.company.people import Person
from sandbox.company.population import Population
from sandbox.company.work_time import at_local, awake

# Days of the customer event; the last one's answers still come in between the demo's nights.
EVENTS = (date(2026, 6, 18), date(2026, 9, 17), date(2026, 11, 12))
SPOILED_EVENT = "2026-09"
_SCORES = (2, 1, 1, 2, 3, 5, 8, 15, 22, 23, 18)
_COMMENTS = (
    "",
    "Sehr gute Gespräche; gern wieder",
    'Der Vortrag "Planen ohne Raten" war der beste',
    "Zu voll,\nzu laut",
    "=2+3",
)
_THEMES = ("reporting", "permissions", "performance", "onboarding", "integrations")
_QUOTES = (
    "We copy the numbers into a sheet every Monday.",
    "I never know who may see what, so I ask Anna.",
    "It takes longer to load than to decide.",
    "New colleagues give up in the second week.",
)
# Category, minutes, hour of the day, weekdays, attendees.
_SERIES = (
    ("Delivery", 15, 9.25, (0, 1, 2, 3, 4), 7),
    ("Alignment", 60, 10.5, (0,), 9),
    ("Alignment", 30, 14.0, (2, 3), 5),
    ("Customer", 45, 15.0, (1, 3), 3),
    ("Discovery", 50, 13.0, (2,), 4),
    ("One-on-one", 30, 16.0, (4,), 2),
)
_TOOLS = (("roadmap", 0.35), ("wiki", 0.7), ("research_library", 0.12))


class Exports:
    """Everything that is ever exported, in the order of time."""

    def __init__(self, company: Population) -> None:
        self.company = company
        self.rng = company.rng("exports")
        self.answers = sorted(self._answers(), key=lambda each: (each.answered_at, each.id))
        self.interviews = sorted(self._interviews(), key=lambda each: (each.held_at, each.id))
        self.meetings = sorted(self._meetings(), key=lambda each: (each.starts_at, each.id))
        self.tool_days = sorted(
            self._tool_days(), key=lambda each: (each.day, each.tool_id, each.person_index)
        )

    def _customers(self, moment: datetime) -> list[Person]:
        return [
            person
            for person in self.company.people
            if person.account_index is not None
            and not (person.is_internal or person.is_bot)
            and person.joined_at < moment
            and (person.churned_at is None or person.churned_at > moment)
        ]

    def _answers(self) -> Iterator[EventAnswer]:
        shares = [share / sum(_SCORES) for share in _SCORES]
        for day in EVENTS:
            event = f"{day:%Y-%m}"
            customers = self._customers(at_local(day, 9))
            visitors = self.rng.choice(len(customers), min(60, len(customers) // 4), replace=False)
            for number, place in enumerate(visitors, 1):
                waited = timedelta(minutes=int(self.rng.integers(30, 4 * 1440)))
                # The export writes minutes.
                answered_at = awake(at_local(day, 17) + waited).replace(second=0, microsecond=0)
                score = None if self.rng.random() < 0.04 else int(self.rng.choice(11, p=shares))
                comment = _COMMENTS[int(self.rng.integers(len(_COMMENTS)))]
                is_spoiled = event == SPOILED_EVENT and number == 3
                yield EventAnswer(
                    f"{event}-{number:03d}", event, customers[int(place)].index, score, comment, answered_at, is_spoiled
                )  # fmt: skip

    def _interviews(self) -> Iterator[Interview]:
        number = 0
        for monday in _mondays():
            customers = self._customers(at_local(monday, 9))
            for _ in range(int(self.rng.integers(1, 5))):
                person = customers[int(self.rng.integers(len(customers)))]
                held_at = at_local(
                    monday + timedelta(days=int(self.rng.integers(5))), 9 + int(self.rng.integers(8))
                )
                for _ in range(int(self.rng.integers(1, 4))):
                    number += 1
                    feature = FEATURES[int(self.rng.integers(len(FEATURES)))]
                    names_one = self.rng.random() < 0.8 and feature.live_from <= monday
                    yield Interview(
                        f"voc-{number:04d}",
                        person.account_index or 0,
                        person.index,
                        feature.id if names_one else None,
                        _THEMES[int(self.rng.integers(len(_THEMES)))],
                        _QUOTES[int(self.rng.integers(len(_QUOTES)))],
                        held_at,
                    )

    def _meetings(self) -> Iterator[Meeting]:
        for monday in _mondays():
            for team in TEAMS:
                for place, (category, minutes, hour, weekdays, attendees) in enumerate(_SERIES):
                    for weekday in weekdays:
                        if self.rng.random() < 0.06:
                            continue
                        day = monday + timedelta(days=weekday)
                        is_declined = bool(self.rng.random() < 0.08)
                        yield Meeting(
                            f"{team.id}-{place}-{day:%Y%m%d}", team.id, category, at_local(day, hour), minutes,
                            max(2, attendees - int(self.rng.integers(3))), is_declined,
                        )  # fmt: skip

    def _tool_days(self) -> Iterator[ToolDay]:
        colleagues = [person for person in self.company.people if person.is_internal][:40]
        for monday in _mondays():
            for weekday in range(5):
                for person in colleagues:
                    for tool, share in _TOOLS:
                        if self.rng.random() < share:
                            yield ToolDay(tool, person.index, monday + timedelta(days=weekday))


def _mondays() -> Iterator[date]:
    day = HISTORY_START
    while day < HISTORY_END:
        yield day
        day += timedelta(days=7)
