"""The company's help desk: its users, organisations and tickets with everything that ever happens to them."""

from datetime import date, datetime, timedelta

import numpy as np

from sandbox.company.catalogue import HISTORY_END, HISTORY_START, INTERNAL_EMAIL_DOMAINS
from sandbox.company.decks import Deck
from sandbox.company.population import Population
from sandbox.company.support.model import Organization, Ticket, User
from sandbox.company.support.nights import planted_tickets
from sandbox.company.support.story import FATES, LAUNCH, SURGE_ENDS, TAGGINGS, Story
from sandbox.company.work_time import at_local, awake, local

TICKET_COUNTS = {"small": 250, "demo": 12_000, "large": 36_000}
AGENT_COUNTS = {"small": 4, "demo": 14, "large": 30}
DESK_OPENED = local("2023-02-01 09:00")
# When somebody writes down which account an organisation is that nothing else tells.
ORGANIZATION_NAMED_AT = local("2026-11-15 11:00")
_GUILDS = ("Freelance Guild", "Open Source Friends", "Evening School")
_STRANGERS = ("Robin", "Kim", "Toni", "Sascha", "Alex", "Jona")


class Support:
    """Organisations, users and tickets, with everything that ever happens to them."""

    def __init__(self, company: Population) -> None:
        self.company = company
        self.rng = company.rng("support")
        self.organizations = self._organizations()
        self._by_account = {
            organization.account_index: organization
            for organization in reversed(self.organizations)
            if organization.account_index is not None
        }
        self.agents, self.robot = self._staff(AGENT_COUNTS[company.scale])
        self.customers = self._customers()
        self.strangers = self._strangers()
        self.users = [*self.agents, self.robot, *self.customers, *self.strangers]
        self.tickets = self._tickets(TICKET_COUNTS[company.scale])
        self._number()

    def _organizations(self) -> list[Organization]:
        result = []
        for account in self.company.accounts:
            if account.organization_id is None:
                continue
            # The organisation of an account that was merged away is only known by the account's id.
            by_id = not account.org_external_id_missing or account.merged_into is not None
            opened = awake(account.created_at.replace(microsecond=0))
            result.append(
                Organization(
                    id=account.organization_id,
                    name=account.name,
                    domains=() if account.merged_into is not None else (account.domain,),
                    created_at=opened,
                    account_index=account.index,
                    external_id=account.app_account_id if by_id else None,
                    external_id_since=opened if by_id else None,
                )
            )
        first_id = 36_900_000_000
        result.extend(
            Organization(
                first_id + place,
                name,
                (f"guild{place}.example",) if place else (),
                DESK_OPENED,
                None,
                None,
                None,
            )
            for place, name in enumerate(_GUILDS)
        )
        accounts = [a for a in self.company.accounts if not a.is_test and a.merged_into is None]
        named_late = next((account for account in accounts if account.organization_id is None), accounts[3])
        result.append(
            Organization(
                first_id + 50,
                f"{named_late.name} Group",
                (),
                DESK_OPENED,
                named_late.index,
                named_late.app_account_id,
                ORGANIZATION_NAMED_AT,
            )
        )
        return result

    def _staff(self, count: int) -> tuple[list[User], User]:
        names = [f"Agent {chr(65 + place % 26)}{place // 26 or ''}" for place in range(count)]
        agents = [
            User(
                370_000_000_001 + place,
                name,
                f"support.{place + 1}@{INTERNAL_EMAIL_DOMAINS[0]}",
                "admin" if place == 1 else "agent",
                None,
                None,
                DESK_OPENED,
            )
            for place, name in enumerate(names)
        ]
        robot = User(
            370_000_000_900,
            "Support Automation",
            f"automation@{INTERNAL_EMAIL_DOMAINS[0]}",
            "agent",
            None,
            None,
            DESK_OPENED,
        )
        return agents, robot

    def _customers(self) -> list[User]:
        result = []
        for person in self.company.people:
            if person.desk_user_id is None:
                continue
            email = person.email
            if person.index % 4 == 0:
                email = email.title() if person.index % 8 else email.upper()
            organization = (
                None if person.account_index is None else self._by_account.get(person.account_index)
            )
            result.append(
                User(
                    id=person.desk_user_id,
                    name=f"{person.first_name} {person.last_name}",
                    email=email,
                    role="end-user",
                    organization=organization,
                    external_id=person.app_user_id if person.desk_has_app_user_id else None,
                    created_at=awake(person.joined_at.replace(microsecond=0)),
                    person_index=person.index,
                )
            )
        return result

    def _strangers(self) -> list[User]:
        """People whom no other tool knows: of no organisation, or of one that is no account, or not yet."""
        unmatched = [None, None, *self.organizations[-len(_GUILDS) - 1 :]]
        count = max(12, len(self.customers) // 40)
        return [
            User(
                id=389_000_000_000 + place * 31,
                name=f"{_STRANGERS[place % len(_STRANGERS)]} {place + 1}",
                email=f"{_STRANGERS[place % len(_STRANGERS)]}{place + 1}@mailbox.example".lower(),
                role="end-user",
                organization=unmatched[place % len(unmatched)],
                external_id=None,
                created_at=DESK_OPENED + timedelta(days=place),
                suspended_at=local("2026-10-01 10:00") if place == 7 else None,
            )
            for place in range(count)
        ]

    def _tickets(self, count: int) -> list[Ticket]:
        rng = self.rng
        requesters = [user for user in self.customers if self._may_ask(user)]
        story = Story(self.company.rng("support.story"), self.agents, self.robot)
        fates = Deck(FATES, self.company.rng("support.fates"))
        taggings = Deck(TAGGINGS, self.company.rng("support.taggings"))
        planted_for = [user for user in requesters if user.created_at < local("2026-10-01 00:00")][
            :: max(1, len(requesters) // 30)
        ]
        tickets = planted_tickets(planted_for, self.agents, self.robot)
        days = [
            HISTORY_START + timedelta(days=place) for place in range((HISTORY_END - HISTORY_START).days + 1)
        ]
        weights = np.array([_day_weight(day) for day in days])
        drawn = rng.choice(len(days), size=count - len(tickets), p=weights / weights.sum())
        for place in np.sort(drawn):
            hour = 9 + 7.5 * rng.random() if rng.random() < 0.8 else 2.5 + 21 * rng.random()
            created_at = at_local(days[int(place)], hour)
            if rng.random() < 0.12:
                requester = self.strangers[int(rng.integers(len(self.strangers)))]
            else:
                requester = self._someone(requesters, created_at)
            tickets.append(story.ticket(created_at, requester, fates.draw(), taggings.draw()))
        return tickets

    def _may_ask(self, user: User) -> bool:
        """Whether a customer writes tickets: colleagues and test accounts do not, nor people whose account is
        no organisation, so that a ticket's account is its organisation's and nothing else."""
        assert user.person_index is not None
        person = self.company.people[user.person_index]
        if person.is_internal or person.is_bot:
            return False
        if person.account_index is None:
            return True
        return user.organization is not None and not self.company.accounts[person.account_index].is_test

    def _someone(self, requesters: list[User], moment: datetime) -> User:
        for _ in range(40):
            user = requesters[int(self.rng.integers(len(requesters)))]
            assert user.person_index is not None
            left_at = self.company.people[user.person_index].churned_at
            if user.created_at < moment and (left_at is None or left_at > moment):
                return user
        return self.strangers[0]

    def _number(self) -> None:
        """Give ids in the order in which things came to be."""
        self.tickets.sort(key=lambda ticket: (ticket.created_at, ticket.requester.id))
        for place, ticket in enumerate(self.tickets):
            ticket.id = 40_001 + place
        audits = sorted(
            (audit.at, ticket.id, place, audit)
            for ticket in self.tickets
            for place, audit in enumerate(ticket.audits)
        )
        for place, row in enumerate(audits):
            row[3].id = 2_100_000_000 + place * 10


def _day_weight(day: date) -> float:
    """How many tickets come on a day: few at week-ends, more as the company grows, many after the launch."""
    weight = 0.22 if day.weekday() >= 5 else 1.0
    weight *= 0.7 + 0.6 * (day - HISTORY_START).days / 216
    return weight * 1.7 if LAUNCH <= day < SURGE_ENDS else weight
