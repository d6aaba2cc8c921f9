"""Writes the exports as the tools write them: a German survey export, a calendar, Parquet, interviews, and mappings."""

import csv
import io
import json
from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from sandbox.company.exports.model import EventAnswer, Interview, Meeting, ToolDay
from sandbox.company.work_time import BERLIN, local_date

if TYPE_CHECKING:
    from sandbox.company.company import Company

T = TypeVar("T")
OURS = ("surveys/event-*.csv", "calendar/team-*.jsonl", "tools/sign-on-*.parquet")

MAPPINGS = {
    "event_survey.yml": """\
# Answers of the customer event's survey tool, one file an event.
id: event_survey
entity: survey_responses
files: surveys/*.csv
delimiter: ";"
encoding: cp1252
time_zone: Europe/Berlin
columns:
  response_id: Antwort-ID
  survey_id: {constant: customer_event}
  score: Weiterempfehlung (0-10)
  comment: Kommentar
  email: E-Mail
  account_key: Kundennummer
  answered_at: {column: Beantwortet am, format: "%d.%m.%Y %H:%M"}
""",
    "interviews.yml": """\
# What customers said in interviews, coded by the researchers.
id: interviews
entity: feedback
files: voice/interviews.csv
time_zone: Europe/Berlin
columns:
  feedback_id: ID
  kind: {constant: voice}
  source: {constant: interviews}
  email: Participant
  account_key: Account
  feature_id: Feature
  theme: Theme
  body: Quote
  created_at: Held at
""",
    "calendar.yml": """\
# The team calendars, one file a month.
id: team_calendar
entity: meetings
files: calendar/*.jsonl
columns:
  meeting_id: uid
  category: category
  team_id: organiser.team
  starts_at: start.dateTime
  duration_minutes: durationMinutes
  attendee_count: attendeeCount
  is_declined: {column: response, values: {accepted: false, declined: true}}
""",
    "tool_activity.yml": """\
# Log-ins to internal tools, from the single sign-on.
id: sign_on
entity: tool_activity
files: tools/*.parquet
time_zone: Europe/Berlin
columns:
  tool_id: application
  email: user_email
  active_on: day
""",
}


def write_exports(company: "Company", folder: Path, now: datetime) -> list[Path]:
    """Write every export in the state of `now` (aware), and the mappings; returns the files, in order.

    A file whose content is the same stays as it is, with its time of change.
    """
    if now.tzinfo is None:
        raise ValueError(f"{now.isoformat()} has no time zone: write it like 2026-11-16T01:00:00Z")
    facts = company.exports
    wanted = {name: text.encode() for name, text in MAPPINGS.items()}
    answers = [each for each in facts.answers if each.answered_at <= now]
    for event, group in _grouped(answers, lambda each: each.event):
        wanted[f"surveys/event-{event}.csv"] = _survey(company, group)
    wanted["voice/interviews.csv"] = _voice(
        company, [each for each in facts.interviews if each.held_at <= now]
    )
    meetings = [each for each in facts.meetings if each.starts_at <= now]
    for month, held in _grouped(meetings, lambda each: f"{local_date(each.starts_at):%Y-%m}"):
        wanted[f"calendar/team-{month}.jsonl"] = _calendar(held)
    days = [each for each in facts.tool_days if each.day < local_date(now)]
    for month, used in _grouped(days, lambda each: f"{each.day:%Y-%m}"):
        wanted[f"tools/sign-on-{month}.parquet"] = _tools(company, used)
    for name, content in wanted.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists() or file.read_bytes() != content:
            file.write_bytes(content)
    # The clock may have gone back; what is not ours stays.
    for stale in (file for pattern in OURS for file in folder.glob(pattern)):
        if stale.relative_to(folder).as_posix() not in wanted:
            stale.unlink()
    return [folder / name for name in sorted(wanted)]


def _grouped(facts: Iterable[T], key: Callable[[T], str]) -> list[tuple[str, list[T]]]:
    return [(name, list(group)) for name, group in groupby(sorted(facts, key=key), key)]


def _survey(company: "Company", answers: list[EventAnswer]) -> bytes:
    header = [
        "Antwort-ID",
        "Beantwortet am",
        "Weiterempfehlung (0-10)",
        "Kommentar",
        "E-Mail",
        "Kundennummer",
    ]
    rows = []
    for each in answers:
        person = company.people[each.person_index]
        account = company.home_account(person)
        score = "k. A." if each.is_spoiled else "" if each.score is None else str(each.score)
        when = each.answered_at.astimezone(BERLIN).strftime("%d.%m.%Y %H:%M")
        email = person.email.title() if each.person_index % 5 == 0 else person.email
        rows.append([each.id, when, score, each.comment, email, account.app_account_id if account else ""])
    return _csv(header, rows, ";").encode("cp1252")


def _voice(company: "Company", interviews: list[Interview]) -> bytes:
    rows = [
        [
            each.id,
            each.held_at.astimezone(BERLIN).isoformat(),
            company.accounts[each.account_index].app_account_id,
            company.people[each.person_index].email,
            each.feature_id or "",
            each.theme,
            each.quote,
        ]
        for each in interviews
    ]
    return _csv(["ID", "Held at", "Account", "Participant", "Feature", "Theme", "Quote"], rows, ",").encode()


def _csv(header: list[str], rows: list[list[str]], delimiter: str) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n")
    writer.writerows([header, *rows])
    return text.getvalue()


def _calendar(meetings: list[Meeting]) -> bytes:
    lines = [
        json.dumps(
            {
                "uid": each.id,
                "category": each.category,
                "organiser": {"team": each.team_id},
                "start": {"dateTime": each.starts_at.astimezone(BERLIN).isoformat()},
                "durationMinutes": each.minutes,
                "attendeeCount": each.attendees,
                "response": "declined" if each.is_declined else "accepted",
            }
        )
        for each in meetings
    ]
    return ("\n".join(lines) + "\n").encode()


def _tools(company: "Company", days: list[ToolDay]) -> bytes:
    table = pa.table(
        {
            "application": [each.tool_id for each in days],
            "user_email": [company.people[each.person_index].email for each in days],
            "day": pa.array([each.day for each in days], pa.date32()),
        }
    )
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue()
