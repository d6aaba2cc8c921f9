"""What the feedback metrics must be, said in plain Python from what customers said.

An item of feedback is a note on the roadmap, an answer to a survey of customers or a rating of a ticket that came with
a comment, or one thing said in an interview. It belongs to the week in which it was said; a comment on a ticket is said
with the rating, not when that was asked for. Only what the tools still show that night counts: no deleted notes or
answers, no deleted, merged or spam tickets. Colleagues and test accounts are no customers. An answer's comment counts
whatever its score, and also when the same person answers again.

The feature is the one of the ticket, of the answer's link or of the interview; a note's is the first one of the registry
among those of its items that still exist. Whether something is positive or negative is known of rated tickets only.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from sandbox.company.catalogue import FEATURES
from sandbox.company.company import Company
from sandbox.company.roadmap.model import Note
from sandbox.company.work_time import local_date, midnight, week_of
from sandbox.truth.facts import UNMAPPED, weeks_before
from sandbox.truth.rows import Row, ratio_row, row
from sandbox.truth.support import UNTAGGED, ticket_facts
from sandbox.truth.surveys import customer_answers

REGISTRY_ORDER = tuple(feature.id for feature in FEATURES)


@dataclass(frozen=True)
class Item:
    """Something that a customer said. `is_negative`: None when nobody can tell."""

    day: date
    feature_id: str
    is_negative: bool | None = None


def feedback_items(company: Company, as_of: date, read_at: datetime) -> list[Item]:
    """The items that count as of a date: said before it began, and shown by their tools at `read_at`."""
    return [
        *_notes(company, as_of, read_at),
        *_survey_comments(company, as_of, read_at),
        *_ticket_remarks(company, as_of, read_at),
        *_interviews(company, as_of, read_at),
    ]


def truth_rows(company: Company, as_of: date, read_at: datetime) -> list[Row]:
    """Both metrics of the last eight complete weeks, whole and by feature; what has nothing to count has no row."""
    items = feedback_items(company, as_of, read_at)
    rows: list[Row] = []
    for week in weeks_before(as_of):
        said = [item for item in items if week_of(item.day) == week]
        rows.extend(_rows(week, said, None))
        for feature_id, own in sorted(_by_feature(said).items()):
            rows.extend(_rows(week, own, feature_id))
    return rows


def _rows(week: date, items: list[Item], feature_id: str | None) -> Iterator[Row]:
    count = float(len(items))
    if items:
        yield row("feedback_received", "week", week, value=count, numerator=count, feature_id=feature_id)
    judged = [item.is_negative for item in items if item.is_negative is not None]
    if judged:
        yield ratio_row(
            "feedback_negative_rate", "week", week, float(sum(judged)), float(len(judged)), feature_id=feature_id
        )  # fmt: skip


def _by_feature(items: Iterable[Item]) -> dict[str, list[Item]]:
    groups: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        groups[item.feature_id].append(item)
    return groups


def _notes(company: Company, as_of: date, read_at: datetime) -> Iterator[Item]:
    for note in company.roadmap.feedback.notes:
        if note.created_at < midnight(as_of) and note.exists(read_at):
            yield Item(local_date(note.created_at), _feature_of_note(note, read_at))


def _feature_of_note(note: Note, read_at: datetime) -> str:
    named = {item.feature_id for item in note.about if item.exists(read_at)}
    return next((feature_id for feature_id in REGISTRY_ORDER if feature_id in named), UNMAPPED)


def _survey_comments(company: Company, as_of: date, read_at: datetime) -> Iterator[Item]:
    for answer, _ in customer_answers(company, as_of, read_at):
        # Those of a team pulse are colleagues without a name.
        if answer.comment.strip() and answer.form.kind != "team_pulse":
            yield Item(local_date(answer.submitted_at), answer.feature_id or UNMAPPED)


def _ticket_remarks(company: Company, as_of: date, read_at: datetime) -> Iterator[Item]:
    for fact in ticket_facts(company, as_of, read_at):
        if fact.rated_at is not None and fact.has_remark:
            feature_id = UNMAPPED if fact.feature_id == UNTAGGED else fact.feature_id
            yield Item(local_date(fact.rated_at), feature_id, not fact.is_good)


def _interviews(company: Company, as_of: date, read_at: datetime) -> Iterator[Item]:
    for interview in company.exports.interviews:
        account = company.account_at(interview.account_index, read_at)
        is_test = account is not None and account.is_test
        if interview.held_at < midnight(as_of) and not is_test:
            yield Item(local_date(interview.held_at), interview.feature_id or UNMAPPED)
