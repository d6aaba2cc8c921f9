"""What the Connect team looks at in a tool of its own: the use of its part of the product, its flags, its trial, its survey.

People do what they do whatever they are shown, so that no other number of the company changes. What only this tool has are events
by which nobody does anything: a flag was asked for, a survey answered, a server ended a job.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any
from zlib import crc32

import numpy as np

from sandbox.company.catalogue import FEATURES, HISTORY_END, HISTORY_START
from sandbox.company.flags import Flag, flag_of
from sandbox.company.population import Population
from sandbox.company.usage.days import Batch
from sandbox.company.usage.events import Usage
from sandbox.company.usage.plan import ms, ordinary_people
from sandbox.company.usage.traits import KINDS
from sandbox.company.work_time import at_local, local

FEATURE_IDS = frozenset(each.id for each in FEATURES if each.product == "connect")
_KINDS = np.array([number for number, kind in enumerate(KINDS) if kind.feature_id in FEATURE_IDS])

CONTROL, TEST = "control", "test"
# Of so many people one: is shown both variants, asks before the flag has come, took part in the rehearsal.
_BOTH_EVERY, _TOO_EARLY_EVERY, _REHEARSAL_EVERY = 20, 9, 13
# Of so many people one is known to the server by an id of its own; answers; had their profile deleted.
_ALIAS_EVERY, _ANSWER_EVERY, _DELETED_EVERY = 11, 3, 37
DELETED_AT = local("2026-11-02 15:00")
SERVER_EVENT = "sync_job_finished"


@dataclass(frozen=True)
class Trial:
    """An experiment with a flag of its own key; both days are inclusive, and None while nobody has started it."""

    number: int
    key: str
    name: str
    planned_at: datetime
    started_on: date | None = None
    last_day: date | None = None
    is_archived: bool = False

    @property
    def started_at(self) -> datetime | None:
        return at_local(self.started_on, 0) if self.started_on else None

    @property
    def ended_at(self) -> datetime | None:
        return at_local(self.last_day + timedelta(days=1), 0) if self.last_day else None


@dataclass(frozen=True)
class Moment:
    """An event that only this tool has. `device`: its number, -1 for a server; `sender`: another id than the person's own."""

    key: str
    person: int
    device: int
    at_ms: int
    event: str
    properties: dict[str, Any] = field(default_factory=dict)
    sender: str = ""


@dataclass(frozen=True)
class Answer:
    person: int
    at_ms: int
    score: int
    comment: str


SYNC_HINTS = Trial(
    12, "sync-hints", "Hints while syncing", local("2026-09-28 10:00"), date(2026, 10, 5), date(2026, 11, 1)
)
TRIALS = (
    SYNC_HINTS,
    Trial(11, "retry-button", "A button to try again", local("2026-08-24 10:00"), date(2026, 8, 31), date(2026, 9, 13)),
    Trial(13, "webhook-wizard", "A wizard for webhooks", local("2026-11-03 10:00")),
    Trial(
        9, "token-hints", "Hints beside tokens", local("2026-06-01 10:00"), date(2026, 6, 8), date(2026, 6, 28), is_archived=True
    ),
)  # fmt: skip
FLAGS: tuple[Flag, ...] = (
    flag_of("sync-hints", "Hints while syncing", "2026-09-28 10:00", "2026-10-05 00:00 production 1", "2026-11-02 09:00 production 0"),
    flag_of("webhook-retries", "Webhooks are tried again", "2026-08-03 10:00", "2026-08-04 10:00 production 0.1",
            "2026-08-18 10:00 production 0.5", "2026-09-01 10:00 production 1"),
    # Given to accounts, not to people.
    flag_of("digest-channels", "Channels of the digest", "2026-10-12 10:00", "2026-10-13 10:00 production 0.3"),
    # Between the demo's nights.
    flag_of("import-queue", "A queue for imports", "2026-11-10 10:00", "2026-11-14 11:00 production 0.25", "2026-11-15 11:00 production 1"),
    flag_of("token-pages", "Pages of tokens", "2026-06-02 10:00", "2026-06-02 11:00 production 1", archived_at=local("2026-08-10 10:00")),
)  # fmt: skip
SPLIT, BY_ACCOUNT = frozenset({"sync-hints"}), frozenset({"digest-channels"})
SURVEY_FROM, SURVEY_UNTIL = date(2026, 10, 19), date(2026, 11, 8)
SURVEY_MADE_AT = local("2026-10-15 10:00")
# Surveys that were planned and never opened, by when they were.
DRAFTED_SURVEYS = {
    "What else to sync": local("2026-07-13 11:00"),
    "Why no webhooks": local("2026-09-21 15:00"),
    "Ease of tokens": local("2026-11-02 09:30"),
}


class Connect:
    """What the tool has of the product's use, and what only it has. Made when first asked for."""

    def __init__(self, company: Population, usage: Usage) -> None:
        self._company, self._usage = company, usage
        self._ordinary = {person.index for person in ordinary_people(company)}

    def uploaded_on(self, day: date) -> Batch:
        """The use of Connect by the UTC day of its upload."""
        return _of_connect(self._usage.uploaded_on(day))

    def alias(self, person: int) -> str:
        """The id by which the server knows a person; empty: their own."""
        is_known = person in self._ordinary and person % _ALIAS_EVERY == 2
        return f"srv-{self._company.people[person].app_user_id}" if is_known else ""

    def is_deleted(self, person: int, now: datetime) -> bool:
        """Whether the tool has deleted the profile of a person, who is known to it by no other id: their events stay."""
        is_chosen = person % _DELETED_EVERY == 1 and not self.alias(person)
        return is_chosen and now >= DELETED_AT and self.first_uses[person] < ms(DELETED_AT)

    @cached_property
    def first_uses(self) -> dict[int, int]:
        """Person -> the arrival, in UTC milliseconds, of the first event that says who it is of."""
        found: dict[int, int] = {}
        for _, batch in self._usage.days(HISTORY_END + timedelta(days=1)):
            used = _of_connect(batch)
            for person, arrival in zip(used.user.tolist(), used.upload_ms.tolist(), strict=True):
                if person >= 0:
                    found[person] = min(arrival, found.get(person, arrival))
        return found

    @cached_property
    def answers(self) -> list[Answer]:
        found = []
        for person, rows in self._uses(SURVEY_FROM, SURVEY_UNTIL).items():
            if person % _ANSWER_EVERY == 0:
                luck = crc32(f"survey {person}".encode())
                comment = "It syncs what I want." if luck % 2 else ""
                found.append(Answer(person, rows[0][0] + 60_000, 1 + luck % 5, comment))
        return found

    @cached_property
    def moments(self) -> list[Moment]:
        return [*self._exposures(), *self._surveys(), *self._server()]

    def _exposures(self) -> Iterator[Moment]:
        assert SYNC_HINTS.started_on is not None
        assert SYNC_HINTS.last_day is not None

        def shown(what: str, person: int, row: tuple[int, int], variant: Any, ahead: int = 0) -> Moment:
            said = {"$feature_flag": SYNC_HINTS.key, "$feature_flag_response": variant}
            key = f"{what} {SYNC_HINTS.key} {person}"
            return Moment(key, person, row[1], row[0] + 400 - ahead, "$feature_flag_called", said)

        for person, rows in self._uses(SYNC_HINTS.started_on, SYNC_HINTS.last_day).items():
            own = self.variant(person)
            if person % _TOO_EARLY_EVERY == 4:
                # It had not come from the server yet.
                yield shown("early", person, rows[0], None if person % 2 else False, ahead=300)
            yield shown("shown", person, rows[0], own)
            if person % _BOTH_EVERY == 7 and len(rows) > 1:
                yield shown("again", person, rows[-1], CONTROL if own == TEST else TEST)
        eve = SYNC_HINTS.started_on - timedelta(days=7)
        for person, rows in self._uses(eve, SYNC_HINTS.started_on - timedelta(days=1)).items():
            if person % _REHEARSAL_EVERY == 5:
                yield shown("rehearsal", person, rows[0], TEST)

    @staticmethod
    def variant(person: int) -> str:
        """Which of the two a person is shown."""
        return (CONTROL, TEST)[crc32(f"{SYNC_HINTS.key} {person}".encode()) % 2]

    def _surveys(self) -> Iterator[Moment]:
        devices = {person: rows[0][1] for person, rows in self._uses(SURVEY_FROM, SURVEY_UNTIL).items()}
        for each in self.answers:
            said = {"score": str(each.score), "comment": each.comment, "is_whole": True}
            device = devices[each.person]
            if each.comment:
                # The score is sent before the words are written.
                first = said | {"comment": "", "is_whole": False}
                yield Moment(
                    f"half {each.person}", each.person, device, each.at_ms - 20_000, "survey sent", first
                )
            yield Moment(f"answer {each.person}", each.person, device, each.at_ms, "survey sent", said)

    def _server(self) -> Iterator[Moment]:
        for person, arrival in self.first_uses.items():
            if alias := self.alias(person):
                device = int(self._usage.traits.device[person, 0])
                yield Moment(
                    f"alias {person}", person, device, arrival + 5_000, "$create_alias", {"alias": alias}
                )
                yield Moment(f"job {person}", person, -1, arrival + 1_200_000, SERVER_EVENT, sender=alias)

    def _uses(self, first: date, last: date) -> dict[int, list[tuple[int, int]]]:
        """(moment, device) of ordinary people's own uses between two days, in order, by person."""
        found: dict[int, list[tuple[int, int]]] = {}
        day = max(first, HISTORY_START)
        while day <= min(last, HISTORY_END):
            batch = _of_connect(self._usage.day(day))
            own = batch.take(~batch.is_bot & ~batch.is_future)
            for person, at_ms, device in zip(
                own.user.tolist(), own.time_ms.tolist(), own.device.tolist(), strict=True
            ):
                if person in self._ordinary:
                    found.setdefault(person, []).append((at_ms, device))
            day += timedelta(days=1)
        return {person: sorted(rows) for person, rows in sorted(found.items())}


def _of_connect(batch: Batch) -> Batch:
    return batch.take(np.isin(batch.kind, _KINDS))
