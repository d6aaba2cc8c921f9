"""Forgets a person, an account, or what happened before a date, in everything that a home holds and serves.

From the top down: the identity that tells who is meant is the last to go, so that what a kill leaves undone is found again.
The book is written first: from then on nothing comes back.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from connectors.forgetting_raw import Counts, Wanted, forget_in_raw, forgotten_in_raw
from connectors.forgotten import Book, Forgotten, hashes_of
from connectors.instances import held_sources
from orchestration.night_run import at_rest
from orchestration.rebuilding import forget_built_tables
from pops.operations.striking import pattern, remove_copies, strike_out
from pops.operations.subjects import Subject, account, person
from publication.forgetting import forget_published
from publication.target import Edition
from publication.targets import SERVED
from settings.home import Home
from settings.identity import refuse_another
from settings.night import reporting_zone
from settings.weeks import YEARS
from warehouse.contract import warehouse_of

# Letters and digits of it.
SHORTEST_NAME = 3


@dataclass(frozen=True)
class Request:
    """What is to be forgotten: one of them."""

    person: str | None = None
    account: str | None = None
    before: date | None = None

    def __post_init__(self) -> None:
        if sum(each is not None for each in (self.person, self.account, self.before)) != 1:
            raise ValueError("Say what is to be forgotten: --person, --account or --before.")
        # An unset variable, or a sign that is in every text: all of them would be struck out.
        if self.before is None and len(re.findall(r"\w", self.person or self.account or "")) < SHORTEST_NAME:
            raise ValueError(f"--{self.kind} names nobody: give an address or an id.")

    @property
    def kind(self) -> str:
        return "person" if self.person is not None else "account" if self.account is not None else "before"


@dataclass(frozen=True)
class Found:
    """What a request means. `moment`: ISO in UTC, for what happened before it. `is_booked`: is what was asked for in the book?"""

    request: Request
    subject: Subject
    counts: Counts
    moment: str | None
    is_booked: bool = False
    is_anything_held: bool = True

    def lines(self) -> list[str]:
        """For people, with ids that only who knows them recognises."""
        known = len(self.subject.all_names)
        told = (
            [f"{self.request.kind}: {known} {'id or name' if known == 1 else 'ids and names'}"]
            if known
            else []
        )
        told += [f"  {_redacted(each)}" for each in sorted(self.subject.all_names)]
        told += [f"{_records(count)} of {stream} go" for stream, count in sorted(self.counts.removed.items())]
        told += [
            f"{_records(count)} of {stream} stay without what they say of them"
            for stream, count in sorted(self.counts.redacted.items())
        ]
        if not (self.counts.removed or self.counts.redacted):
            told.append(self._nothing())
        return told

    def _nothing(self) -> str:
        if not self.is_anything_held:
            return "the home holds no record: is it the one that POPS_HOME is to name?"
        if self.request.before is not None:
            return f"no event and no replaced version from before {self.request.before} is held"
        if self.is_booked:
            return "it is forgotten already: no record that is held names it"
        return "no record that is held names it: look whether it is written as the tools have it"


def find(home: Home, request: Request, env: Mapping[str, str] = os.environ) -> Found:
    """What forgetting would do; it only reads. Raises ValueError for who cannot be told, or a home of somebody else."""
    refuse_another(home, env)
    subject, moment = Subject("before"), None
    if request.person is not None:
        subject = person(home, request.person, env)
    elif request.account is not None:
        subject = account(home, request.account, env)
    elif request.before is not None:
        if request.before.year not in YEARS:
            raise ValueError(f"No event is of {request.before}: give a date such as 2026-11-16.")
        moment = datetime.combine(request.before, time(), reporting_zone()).astimezone(UTC).isoformat()
    counts = Counts()
    for source in held_sources(home.root, env):
        counts.add(
            forgotten_in_raw(
                home.root, source, _wanted(_entered(home, subject, moment, env), subject, moment)
            )
        )
    book, asked = Book.of(home.root, env), request.person or request.account
    is_booked = book is not None and asked is not None and book.knows(asked)
    return Found(request, subject, counts, moment, is_booked, any((home.root / "raw").glob("*.duckdb")))


def forget(
    home: Home, request: Request, say: Callable[[str], None], env: Mapping[str, str] = os.environ
) -> Found:
    """Forget, and book it.

    Raises ValueError as `find` does, while a night runs, and when a place of publication or the engine refuses.
    """
    with at_rest(home), warehouse_of(home) as warehouse:
        found = find(home, request, env)
        book = _entered(home, found.subject, found.moment, env, found.counts)
        book.write(home.root, env)
        for place in remove_copies(home):
            say(f"{place.relative_to(home.root)} removed: it is made anew when it is needed")
        if shown := found.subject.shown:
            wanted = pattern(shown)
            if forget_published(home.published, wanted):
                say(f"{home.published.name} written anew")
            say(f"{strike_out(home, wanted)} files of pages, logs and history cleaned")
        for target in SERVED:
            if home.published.exists() and target.address(env) is not None:
                target.publish(Edition(home, env))
                say(f"served anew from {target.title}")
        for source in held_sources(home.root, env):
            forget_in_raw(home.root, source, _wanted(book, found.subject, found.moment), book)
        if home.warehouse.exists():
            forget_built_tables(home, pattern(found.subject.shown) if found.subject.shown else "")
        warehouse.forget()
        say("the next night builds and publishes all from the records that are left")
    return found


def _wanted(book: Book, subject: Subject, moment: str | None) -> Wanted:
    return Wanted(book.knows, subject.needles, moment)


def _entered(
    home: Home, subject: Subject, moment: str | None, env: Mapping[str, str], counts: Counts | None = None
) -> Book:
    """The book with an entry more."""
    book = Book.of(home.root, env) or Book.new()
    now = datetime.now(UTC).isoformat(timespec="seconds")
    told = counts or Counts()
    names = hashes_of(book, subject.all_names)
    return book.with_entry(Forgotten(now, subject.kind, names, moment, told.removed, told.redacted))


def _records(count: int) -> str:
    return f"{count:,} record{'' if count == 1 else 's'}"


def _redacted(name: str) -> str:
    """Enough to recognise what one knows."""
    return f"{name[:3]}…{name[-2:]}" if len(name) > 8 else f"{name[:1]}…"
