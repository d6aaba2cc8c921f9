"""The company's CRM: companies, contacts, deals and owners with everything that ever happens to them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sandbox.company.catalogue import HISTORY_END, HISTORY_START, INTERNAL_EMAIL_DOMAINS
from sandbox.company.populate import OWNERS
from sandbox.company.population import Population
from sandbox.company.support.model import User
from sandbox.company.work_time import at_local, awake, local, next_work

DEAL_COUNTS = {"small": 60, "demo": 800, "large": 2_400}
LEAD_COUNTS = {"small": 14, "demo": 400, "large": 1_200}
OWNER_LEFT_AT = local("2026-09-01 17:00")
STAGES = ("prospect", "qualified", "presented", "offered")
_TITLES = ("Project lead", "Head of operations", "Analyst", "Team assistant", "Engineer")
# Leads and deals that leave the CRM, and links that are cut, between the demo's nights.
ARCHIVED_BETWEEN_NIGHTS = local("2026-11-15 10:15")
UNLINKED_BETWEEN_NIGHTS = local("2026-11-15 11:30")


@dataclass(frozen=True)
class Owner:
    id: str
    first_name: str
    last_name: str
    email: str
    archived_at: datetime | None


@dataclass(frozen=True)
class Link:
    """A link of a contact or a deal to an account, from one moment to another (None: it stays)."""

    account_index: int
    is_primary: bool
    since: datetime
    until: datetime | None = None


@dataclass
class Contact:
    """`person_index`: None for a lead, who uses no other tool. `title_changes`: when which title was set."""

    id: str
    first_name: str
    last_name: str
    email: str | None
    app_user_id: str | None
    created_at: datetime
    person_index: int | None
    title_changes: list[tuple[datetime, str]]
    links: list[Link] = field(default_factory=list)
    archived_at: datetime | None = None
    merged_into: str | None = None


@dataclass
class Deal:
    """`stages`: when the deal came into which stage, its creation first."""

    id: str
    name: str
    amount: int
    is_renewal: bool
    owner_index: int
    stages: list[tuple[datetime, str]]
    expected_on: date
    links: list[Link] = field(default_factory=list)
    archived_at: datetime | None = None

    @property
    def created_at(self) -> datetime:
        return self.stages[0][0]


class Crm:
    """Owners, contacts and deals of the company's accounts, with everything that ever happens to them."""

    def __init__(self, company: Population, strangers: Sequence[User]) -> None:
        """`strangers`: people who write to the help desk and whom no other tool knows; two of them become leads."""
        self.company = company
        self.rng = company.rng("crm")
        self.owners = [
            Owner(
                id=str(71_000_000 + place * 13),
                first_name=("Nora", "Tom", "Lea", "Max", "Eva", "Jan")[place % 6],
                last_name=f"Sales{place + 1}",
                email=f"sales.{place + 1}@{INTERNAL_EMAIL_DOMAINS[0]}",
                archived_at=OWNER_LEFT_AT if place == OWNERS - 1 else None,
            )
            for place in range(OWNERS)
        ]
        self.contacts = [*self._people(), *self._leads(LEAD_COUNTS[company.scale], strangers)]
        self.deals = self._deals(DEAL_COUNTS[company.scale])

    def _people(self) -> list[Contact]:
        contacts = []
        for person in self.company.people:
            if person.contact_id is None:
                continue
            email = person.email
            if person.index % 5 == 0:
                email = email.upper() if person.index % 10 else email.title()
            contact = Contact(
                id=person.contact_id,
                first_name=person.first_name,
                last_name=person.last_name,
                email=email,
                app_user_id=person.app_user_id if person.contact_has_app_user_id else None,
                created_at=person.joined_at,
                person_index=person.index,
                title_changes=[(person.joined_at, _TITLES[person.index % len(_TITLES)])],
            )
            if person.index % 7 == 3:
                later = next_work(self.rng, person.joined_at, 20 + 150 * self.rng.random(), own_hours=0)
                contact.title_changes.append((later, _TITLES[(person.index + 1) % len(_TITLES)]))
            if person.account_index is not None:
                contact.links = [Link(person.account_index, True, person.joined_at)]
            if person.second_account_index is not None:
                contact.links.append(Link(person.second_account_index, False, person.joined_at))
            if person.merged_into is not None:
                contact.archived_at = person.merged_at
                contact.merged_into = self.company.people[person.merged_into].contact_id
            contacts.append(contact)
        return contacts

    def _leads(self, count: int, writers: Sequence[User]) -> list[Contact]:
        """Contacts who use no other tool, apart from two who once wrote to support."""
        leads = []
        accounts = [
            a for a in self.company.accounts if a.created_at < local("2026-05-18 00:00") and not a.is_test
        ]
        strangers = [user for user in writers if user.organization is None]
        for place in range(count):
            account = accounts[place % len(accounts)]
            created_at = at_local(
                HISTORY_START + timedelta(days=int(self.rng.integers(0, 170))), 8 + 10 * self.rng.random()
            )
            email: str | None = f"lead.{place + 1}@{account.domain}"
            links = [Link(account.index, True, created_at)]
            if place < 2:
                email, links = strangers[place].email.title(), []
            elif place == 2:
                email = None
            elif place % 5 == 3:
                cut_at = awake(created_at + timedelta(days=30))
                links = [
                    Link(account.index, True, created_at, UNLINKED_BETWEEN_NIGHTS if place == 3 else cut_at)
                ]
            archived_at = None
            if place % 7 == 4:
                archived_at = (
                    ARCHIVED_BETWEEN_NIGHTS if place == 4 else awake(created_at + timedelta(days=45))
                )
            leads.append(
                Contact(
                    id=str(590_000_000 + place * 23),
                    first_name="Lead",
                    last_name=str(place + 1),
                    email=email,
                    app_user_id=None,
                    created_at=created_at,
                    person_index=None,
                    title_changes=[(created_at, _TITLES[place % len(_TITLES)])],
                    links=links,
                    archived_at=archived_at,
                )
            )
        return leads

    def _deals(self, count: int) -> list[Deal]:
        rng = self.rng
        deals = []
        days = (HISTORY_END - HISTORY_START).days
        accounts = [account for account in self.company.accounts if not account.is_test]
        for place in range(count):
            opened = HISTORY_START + timedelta(days=int(rng.integers(0, days)))
            created_at = at_local(opened, 8 + 10 * rng.random())
            known = [account for account in accounts if account.created_at < created_at]
            account = known[int(rng.integers(len(known)))]
            stages = [(created_at, STAGES[0])]
            for stage in STAGES[1 : 1 + int(rng.integers(0, len(STAGES)))]:
                stages.append((next_work(rng, stages[-1][0], 4 + 20 * rng.random(), own_hours=0), stage))
            if rng.random() < 0.7:
                end = "won" if rng.random() < 0.45 else "lost"
                stages.append((next_work(rng, stages[-1][0], 3 + 25 * rng.random(), own_hours=0), end))
            renews = rng.random() < 0.4
            links = [Link(account.index, True, created_at)]
            if place % 15 == 6:
                links = []
            elif place % 20 == 9:
                links = [Link(account.index, True, created_at, awake(created_at + timedelta(days=12)))]
            deals.append(
                Deal(
                    id=str(8_800_000_000 + place * 37),
                    name=f"{account.name}: {'renewal' if renews else 'new seats'}",
                    amount=int(rng.integers(5, 400)) * 240,
                    is_renewal=renews,
                    owner_index=account.owner_index,
                    stages=stages,
                    expected_on=opened + timedelta(days=60),
                    links=links,
                    archived_at=awake(stages[-1][0] + timedelta(days=9)) if place % 18 == 5 else None,
                )
            )
        # Whatever the chance: one deal is won and one archived between the demo's nights.
        deals[0].stages = [(local("2026-10-05 10:00"), STAGES[0]), (local("2026-11-14 12:00"), "won")]
        deals[0].links = [Link(1, True, deals[0].created_at)]
        deals[1].stages = [(local("2026-10-06 10:00"), STAGES[0])]
        deals[1].links = [Link(2, True, deals[1].created_at)]
        deals[1].archived_at = ARCHIVED_BETWEEN_NIGHTS
        return deals
