"""A company that plans lorries' routes, in Polish: its tools' records as their APIs show them, and what is true of it.

`python -m tests.hauling_company DIR [YYYY-MM-DD]` writes an export that `python -m sandbox serve --replay DIR` serves.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.vendors.salesforce.records import salesforce_id, stamp

ZONE = ZoneInfo("Europe/Warsaw")
WEEKS = 8
EURO = 4.25
PLANS = ("Start", "Rozwój", "Flota", "Flota Plus")
SEGMENTS = ("mała", "średnia", "duża")
EVENTS = {"Trasa zaplanowana": 5, "Zlecenie utworzone": 3, "Kierowca przypisany": 2, "Raport pobrany": 1}
STATUSES = {
    "Pomysł": "new", "Do zrobienia": "new", "W toku": "indeterminate", "Do sprawdzenia": "indeterminate",
    "U klienta": "indeterminate", "Gotowe": "done",
}  # fmt: skip
PROJECTS = {"TRASY": "Planowanie tras", "FLOTA": "Kartoteka pojazdów"}
REPOSITORIES = {"silnik-tras": "TRASY", "panel-floty": "FLOTA"}
Record = dict[str, Any]


@dataclass(frozen=True)
class Customer:
    """`monthly`: in its own currency. `left_on`: since when it pays nothing; `renews_on`: when its contract does."""

    number: int
    plan: str
    segment: str
    monthly: int
    currency: str
    is_test: bool
    left_on: date | None
    renews_on: date

    @property
    def tenant(self) -> str:
        return f"PL-{4100 + 7 * self.number}"

    @property
    def domain(self) -> str:
        return "szlak.example" if self.is_test else f"spedycja{self.number}.example"

    @property
    def yearly_home(self) -> float:
        """What it pays a year now, in złoty."""
        return 0.0 if self.left_on else 12 * self.monthly * (EURO if self.currency == "EUR" else 1.0)


@dataclass(frozen=True)
class Task:
    """An issue, and its statuses with the local noon at which it came to each."""

    number: int
    project: str
    path: tuple[tuple[str, date], ...]

    @property
    def status(self) -> str:
        return self.path[-1][0]

    @property
    def key(self) -> str:
        return f"{self.project}-{self.number}"


class Hauling:
    """The company up to a day, which has not begun for it yet."""

    def __init__(self, until: date) -> None:
        self.until, self.since = until, until - timedelta(weeks=WEEKS)
        self.customers = [self._customer(number) for number in range(30)]
        self.tasks = [self._task(number) for number in range(1, 61)]

    def _customer(self, number: int) -> Customer:
        left_on = self.until - timedelta(days=20 + number) if number in (7, 15, 23) else None
        return Customer(
            number, PLANS[number % 4], SEGMENTS[number % 3], 290 + 110 * number, "EUR" if number % 9 == 4 else "PLN",
            number >= 28, left_on, self.until + timedelta(days=11 * number + 1),
        )  # fmt: skip

    def _task(self, number: int) -> Task:
        begun = self.since + timedelta(days=number % 50)
        steps = list(STATUSES)[number % 2 : 2 + number % 5]
        path = [(step, begun + timedelta(days=place)) for place, step in enumerate(steps)]
        return Task(
            number,
            tuple(PROJECTS)[number % 3 == 0],
            tuple((step, day) for step, day in path if day < self.until),
        )

    def records(self) -> Mapping[str, Mapping[str, list[Record]]]:
        """By vendor and stream."""
        return {
            "mixpanel": {"events": list(self._events())},
            "salesforce": {
                "accounts": [self._account(each) for each in self.customers],
                "contacts": [self._contact(each, person) for each in self.customers for person in range(3)],
                "opportunities": [self._opportunity(each) for each in self.customers],
                "users": [_salesforce("User", 1, {"Email": "sprzedaz@szlak.example", "IsActive": True}, self.since)],
            },
            "zendesk": {
                "organizations": [self._organization(each) for each in self.customers],
                "users": list(self._desk_users()),
                "tickets": list(self._tickets()),
            },
            "jira": {
                "projects": [{"id": str(n), "key": key, "name": name} for n, (key, name) in enumerate(PROJECTS.items(), 1)],
                "statuses": [_status(name) for name in STATUSES],
                "fields": [{"id": "customfield_10231", "name": "Pracochłonność", "custom": True,
                            "schema": {"type": "number", "custom": "com.atlassian.jira.plugin.system.customfieldtypes:float"}}],
                "issues": [self._issue(each) for each in self.tasks],
            },
            "github": {
                "repositories": [_repository(n, name, self.since) for n, name in enumerate([*REPOSITORIES, "wiki"], 1)],
                "pull_requests": list(self._pull_requests()),
                "deployments": list(self._deployments()),
                "deployment_statuses": [
                    {"id": 900 + n, "deployment_url": each["url"], "state": "success", "created_at": each["created_at"], "updated_at": each["created_at"]}
                    for n, each in enumerate(self._deployments())
                ],
            },
        }  # fmt: skip

    def write(self, folder: Path) -> Path:
        """The records as an export to be replayed; returns the folder."""
        for vendor, streams in self.records().items():
            (folder / vendor).mkdir(parents=True)
            for stream, rows in streams.items():
                lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
                (folder / vendor / f"{stream}.jsonl").write_text(lines, encoding="utf-8")
        return folder

    def _events(self) -> Iterator[Record]:
        rng = Random(5)
        for customer in self.customers:
            last = customer.left_on or self.until
            for offset in range((last - self.since).days):
                day = self.since + timedelta(days=offset)
                for person in range(3):
                    for name, weight in EVENTS.items():
                        if day.weekday() > 4 or rng.random() > 0.1 * weight:
                            continue
                        moment = _noon(day) + timedelta(minutes=rng.randrange(300))
                        login = _login(customer, person)
                        yield {"event": name, "properties": {
                            "time": int(moment.timestamp()), "distinct_id": login, "$user_id": login,
                            "$insert_id": f"{name}-{login}-{offset}", "firma": [customer.tenant],
                            "pakiet": customer.plan, "ekran": "mapa", "$os": "Android",
                        }}  # fmt: skip

    def _account(self, each: Customer) -> Record:
        return _salesforce("Account", 100 + each.number, {
            "Name": f"Spedycja {each.number}", "Website": f"https://{each.domain}/", "OwnerId": salesforce_id("User", 1),
            "Numer_Najemcy__c": each.tenant, "Pakiet__c": each.plan, "Wielkosc_Floty__c": each.segment,
            "Abonament__c": each.monthly, "Waluta__c": each.currency, "Konto_Probne__c": each.is_test,
            "Rozwiazanie__c": each.left_on.isoformat() if each.left_on else None,
            "Podpisanie__c": (self.since - timedelta(days=30 * each.number)).isoformat(), 
            "Koniec_Umowy__c": each.renews_on.isoformat(), "Pojazdy__c": 3 + 5 * each.number,
            "Faktura_Papierowa__c": each.number % 2 == 0,
        }, self.since)  # fmt: skip

    def _contact(self, each: Customer, person: int) -> Record:
        return _salesforce("Contact", 10 * each.number + person, {
            "Name": "Jan Kowalski", "Email": _address(each, person), "AccountId": salesforce_id("Account", 100 + each.number),
            "OwnerId": salesforce_id("User", 1), "Login_W_Aplikacji__c": _login(each, person),
        }, self.since)  # fmt: skip

    def _opportunity(self, each: Customer) -> Record:
        return _salesforce("Opportunity", each.number, {
            "Name": "Umowa", "AccountId": salesforce_id("Account", 100 + each.number), "OwnerId": salesforce_id("User", 1),
            "Amount": 12 * each.monthly, "CurrencyIsoCode": each.currency, "StageName": "Wygrana", "IsClosed": True,
            "IsWon": True, "CloseDate": self.since.isoformat(), "Type": "Nowa",
        }, self.since)  # fmt: skip

    def _organization(self, each: Customer) -> Record:
        return {"id": 5000 + each.number, "name": f"Spedycja {each.number}", "domain_names": [each.domain],
                "organization_fields": {"numer_najemcy": each.tenant}, **_created(self.since)}  # fmt: skip

    def _desk_users(self) -> Iterator[Record]:
        for each in self.customers:
            yield {"id": 6000 + each.number, "email": _address(each, 0), "role": "end-user",
                   "organization_id": 5000 + each.number, "external_id": None, **_created(self.since)}  # fmt: skip
        for number in range(3):
            yield {"id": 7000 + number, "email": f"pomoc{number}@szlak.example", "role": "agent", **_created(self.since)}  # fmt: skip

    def _tickets(self) -> Iterator[Record]:
        tags = (["trasy"], ["raporty"], ["spam_smieci"], ["polaczone_zgloszenie"], [])
        for number in range(1, 81):
            each = self.customers[number % 30]
            moment = _noon(self.since + timedelta(days=number % (7 * WEEKS - 1)))
            yield {"id": number, "status": "solved" if number % 4 else "open", "tags": tags[number % 5], "priority": "normal",
                   "requester_id": 6000 + each.number, "submitter_id": 6000 + each.number, "organization_id": 5000 + each.number,
                   "via": {"channel": "email"}, "created_at": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "updated_at": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
                   "generated_timestamp": int(moment.timestamp())}  # fmt: skip

    def _issue(self, each: Task) -> Record:
        changed = _iso(_noon(each.path[-1][1]))
        histories = [
            {"id": str(100 * each.number + place), "created": _iso(_noon(day)), "items": [
                {"field": "status", "fieldId": "status", "fieldtype": "jira", "from": _status_id(before), "fromString": before,
                 "to": _status_id(name), "toString": name}]}
            for place, ((before, _), (name, day)) in enumerate(zip(each.path, each.path[1:], strict=False))
        ]  # fmt: skip
        done = each.status == "Gotowe"
        is_epic = each.number <= 4
        return {"id": str(20_000 + each.number), "key": each.key, "changelog": {"histories": histories, "total": len(histories)}, "fields": {
            "summary": "Zadanie", "project": {"id": str(list(PROJECTS).index(each.project) + 1), "key": each.project, "name": PROJECTS[each.project]},
            "issuetype": {"id": "1" if is_epic else "2", "name": "Epik" if is_epic else "Zadanie", "subtask": False, "hierarchyLevel": int(is_epic)},
            "status": _status(each.status), "resolution": {"name": "Niewykonalne" if each.number % 10 == 9 else "Gotowe"} if done else None,
            "resolutiondate": changed if done else None, "created": _iso(_noon(each.path[0][1])), "updated": changed,
            "customfield_10231": 1 + each.number % 5, "fixVersions": [], "labels": [],
            "assignee": {"accountId": f"d{each.number % 3}", "emailAddress": f"dev{each.number % 3}@szlak.example"},
        }}  # fmt: skip

    def _pull_requests(self) -> Iterator[Record]:
        for number, task in enumerate((each for each in self.tasks if each.status == "Gotowe"), 1):
            name = next(repository for repository, project in REPOSITORIES.items() if project == task.project)
            moment = f"{_noon(task.path[-1][1]):%Y-%m-%dT%H:%M:%SZ}"
            base = {"ref": "main", "sha": "0" * 40, "repo": {"name": name}}
            yield {"id": 300 + number, "number": number, "url": f"{_API}/{name}/pulls/{number}", "state": "closed",
                   "title": f"{task.key} poprawka", "head": {"ref": "poprawka", "sha": "a" * 40, "repo": {"name": name}}, "base": base,
                   "user": {"login": "dev", "id": 1, "type": "User"}, "created_at": moment, "updated_at": moment, "closed_at": moment,
                   "merged_at": moment, "merge_commit_sha": f"{number:040x}", "draft": False}  # fmt: skip

    def _deployments(self) -> Iterator[Record]:
        for number in range(8):
            name = list(REPOSITORIES)[number % 2]
            moment = f"{_noon(self.since + timedelta(days=6 * number + 1)):%Y-%m-%dT%H:%M:%SZ}"
            yield {"id": 800 + number, "url": f"{_API}/{name}/deployments/{800 + number}", "repository_url": f"{_API}/{name}",
                   "environment": "produkcja" if number % 4 else "testowe", "sha": f"{number + 1:040x}", "ref": "main",
                   "payload": {}, "created_at": moment, "updated_at": moment}  # fmt: skip


_API = "https://api.github.com/repos/szlak"


def _salesforce(kind: str, number: int, fields: Record, day: date) -> Record:
    moment = stamp(_noon(day))
    return {
        "Id": salesforce_id(kind, number),
        **fields,
        "IsDeleted": False,
        "CreatedDate": moment,
        "SystemModstamp": moment,
    }


def _repository(number: int, name: str, day: date) -> Record:
    moment = f"{_noon(day):%Y-%m-%dT%H:%M:%SZ}"
    return {
        "id": number,
        "name": name,
        "archived": False,
        "default_branch": "main",
        "created_at": moment,
        "updated_at": moment,
    }


def _created(day: date) -> Record:
    moment = f"{_noon(day):%Y-%m-%dT%H:%M:%SZ}"
    return {"created_at": moment, "updated_at": moment}


def _status_id(name: str) -> str:
    return str(1 + list(STATUSES).index(name))


def _status(name: str) -> Record:
    return {"id": _status_id(name), "name": name, "statusCategory": {"key": STATUSES[name]}}


def _login(each: Customer, person: int) -> str:
    return f"uzytkownik-{10 * each.number + person}"


def _address(each: Customer, person: int) -> str:
    return f"osoba{person}@{each.domain}"


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(9), ZONE).astimezone(UTC)


def _iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.000+0000"


if __name__ == "__main__":
    Hauling(date.fromisoformat(sys.argv[2]) if sys.argv[2:] else datetime.now(ZONE).date()).write(
        Path(sys.argv[1])
    )
