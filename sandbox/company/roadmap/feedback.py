"""What customers say: notes about items of the roadmap, with the names and addresses that people put into them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sandbox.company.catalogue import HISTORY_END, HISTORY_START
from sandbox.company.decks import Deck
from sandbox.company.people import Account, Person
from sandbox.company.population import Population
from sandbox.company.roadmap.catalogue import NOTE_SOURCES, UNMAPPED_SOURCE
from sandbox.company.roadmap.model import Change, Customer, Item, Note, NoteState
from sandbox.company.work_time import at_local, local

NOTE_COUNTS = {"small": 160, "demo": 2_600, "large": 8_000}
OPENED = local("2025-03-03 10:00")
# Who the note is said to be from.
FROM = {"user": 640, "company": 200, "nobody": 160}
SOURCES = {**dict.fromkeys(NOTE_SOURCES, 180), UNMAPPED_SOURCE: 40, "none": 60}
TAGS = ("pricing", "performance", "usability", "integration", "reporting", "mobile")
_WISHES = ("We would love", "It would save us hours to have", "Please give us", "We cannot work without")


class Feedback:
    """Notes, and the companies and users that they come from."""

    def __init__(self, company: Population, items: Sequence[Item]) -> None:
        self.company = company
        self.rng = company.rng("roadmap.notes")
        self._customers: dict[tuple[str, int], Customer] = {}
        self._speakers = [each for each in company.people if self._may_speak(each)]
        self.notes = self._notes(NOTE_COUNTS[company.scale], items)
        self._plant()

    @property
    def customers(self) -> list[Customer]:
        """Companies and users of whom there is a note."""
        return list(self._customers.values())

    def _may_speak(self, person: Person) -> bool:
        if person.is_internal or person.is_bot or person.account_index is None:
            return False
        return not self.company.accounts[person.account_index].is_test

    def _notes(self, count: int, items: Sequence[Item]) -> list[Note]:
        speakers = Deck(FROM, self.company.rng("roadmap.speakers"))
        sources = Deck(SOURCES, self.company.rng("roadmap.sources"))
        days = (HISTORY_END - HISTORY_START).days
        notes = []
        for number in range(1, count + 1):
            day = HISTORY_START + timedelta(days=int(self.rng.integers(days + 1)))
            created_at = at_local(day, 8 + 11 * self.rng.random())
            known = [each for each in items if each.created_at < created_at]
            about = [known[int(self.rng.integers(len(known)))] for _ in range(int(self.rng.integers(3)))]
            notes.append(
                self._note(number, created_at, speakers.draw(), sources.draw(), tuple(dict.fromkeys(about)))
            )
        notes.sort(key=lambda note: note.created_at)
        return notes

    def _note(
        self, number: int, created_at: datetime, speaker: str, source: str, about: tuple[Item, ...]
    ) -> Note:
        person = self._person(created_at)
        account = self.company.accounts[person.account_index or 0]
        wish = _WISHES[number % len(_WISHES)]
        topic = about[0].first.name if about else "something new"
        body = (
            f"<p>{wish} <b>{topic}</b>.</p><p>Best, {person.first_name} {person.last_name} "
            f"({person.email}, +49 30 {5550000 + person.index})</p>"
        )
        tags = tuple(
            sorted({TAGS[int(self.rng.integers(len(TAGS)))] for _ in range(int(self.rng.integers(3)))})
        )
        note = Note(
            self._id(), number, created_at,
            NoteState(self._customer(speaker, person, account, created_at)),
            f"{topic} for {person.first_name} {person.last_name}", body,
            None if source == "none" else source, tags, about,
        )  # fmt: skip
        if self.rng.random() < 0.6:
            done_at = created_at + timedelta(days=3 * self.rng.random(), hours=1)
            fields = {"is_processed": True, "is_archived": bool(self.rng.random() < 0.15)}
            note.changes.append(Change(done_at, fields))
        return note

    def _person(self, moment: datetime) -> Person:
        for _ in range(60):
            person = self._speakers[int(self.rng.integers(len(self._speakers)))]
            left = person.churned_at
            if person.joined_at < moment and (left is None or left > moment):
                return person
        return self._speakers[0]

    def _customer(self, speaker: str, person: Person, account: Account, moment: datetime) -> Customer | None:
        if speaker == "nobody":
            return None
        company = self._customers.get(("company", account.index))
        if company is None:
            # Some companies carry the app's account id, most a domain, a few neither.
            company = Customer(
                self._id(), "company", OPENED, account.index,
                has_domain=account.index % 11 != 7, names_account=account.index % 3 != 1,
            )  # fmt: skip
            self._customers["company", account.index] = company
        if speaker == "company":
            return company
        user = self._customers.get(("user", person.index))
        if user is None:
            # Every seventh user stands there without a company: only the address tells whose it is.
            of_company = None if person.index % 7 == 3 else company
            user = Customer(self._id(), "user", OPENED, account.index, person.index, of_company)
            self._customers["user", person.index] = user
        return user

    def _id(self) -> str:
        return str(UUID(bytes=self.rng.bytes(16), version=4))

    def _plant(self) -> None:
        """Between the demo's nights: a note is put away, one is deleted, and one learns who it is from."""
        old = [
            each for each in self.notes if each.created_at < local("2026-10-01 00:00") and not each.changes
        ]
        old[0].changes.append(Change(local("2026-11-14 13:00"), {"is_archived": True}))
        old[1].deleted_at = local("2026-11-15 10:30")
        silent = next(each for each in old[2:] if each.first.customer is None)
        silent.changes.append(Change(local("2026-11-15 11:30"), {"customer": self.customers[0]}))
