"""The raw records of a company with names of its own: French statuses, a field of its own for everything, two teams."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from connectors import connector_class
from connectors.raw_store import RawStore

READ_AT = datetime(2026, 11, 16, 1, tzinfo=UTC)
Record = dict[str, Any]
ACCOUNTS = [f"ws-{number:03}" for number in range(1, 21)]
OFFERS = ("Gratuit", "Équipe", "Entreprise")
EVENTS = {"Document Ouvert": 40, "Tableau Créé": 12, "Export Lancé": 6, "Notification Reçue": 30}


def write_raw(home: Path, records: Mapping[str, Mapping[str, list[Record]]]) -> None:
    """Raw files of a home, by source and stream; a record's id is its `id`, its `name` or its place."""
    for source, streams in records.items():
        with RawStore(home, source, connector_class(source).streams) as store:
            for stream, rows in streams.items():
                for number, each in enumerate(rows):
                    key = str(each.get("id") or each.get("key") or f"{stream}-{number}")
                    store.connection.execute(
                        f"insert into {store.table(stream)} values (?, '1', ?, ?, 'load', false, ?)",
                        [key, key, READ_AT, json.dumps(each, ensure_ascii=False)],
                    )


def company() -> dict[str, dict[str, list[Record]]]:
    return {
        "mixpanel": {"events": list(events())},
        "hubspot": {"companies": list(companies()), "contacts": list(contacts()), "owners": [
            {"id": "o1", "email": "vente@ecran.example"}], "deals": list(deals())},
        "jira": {"projects": [{"id": "1", "key": "WEB", "name": "Éditeur"}, {"id": "2", "key": "DATA", "name": "Données"}],
                 "statuses": [{"id": name, "name": name, "statusCategory": {"key": category}} for name, category in STATUSES.items()],
                 "issues": list(issues())},
        "github": {"repositories": [{"id": name, "name": name} for name in ("editeur", "pipelines", "site")],
                   "pull_requests": list(pull_requests())},
        "zendesk": {"tickets": [{"id": number, "tags": ["tableau"] if number % 2 else ["export", "spam"]} for number in range(1, 9)],
                    "organizations": [{"id": 900 + n, "external_id": account} for n, account in enumerate(ACCOUNTS[:15])]},
        "typeform": {"forms": [{"id": "Fr8QmZ", "title": "Recommandation", "hidden": ["workspace"],
                                "fields": [{"ref": "reco", "type": "opinion_scale"}, {"ref": "pourquoi", "type": "long_text"}]}],
                     "responses": [{"id": f"a{n}", "form_id": "Fr8QmZ"} for n in range(30)]},
    }  # fmt: skip


STATUSES = {"À faire": "new", "En cours": "indeterminate", "En recette": "indeterminate", "Chez le client": "indeterminate", "Terminé(e)": "done"}  # fmt: skip


def events() -> Iterator[Record]:
    for name, count in EVENTS.items():
        for number in range(count):
            person = number % 10
            day = date(2026, 11, 1) + timedelta(days=number % 9)
            moment = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
            yield {
                "event": name,
                "properties": {
                    "time": int(moment.timestamp()), "distinct_id": f"u-{person}", "$user_id": f"u-{person}",
                    # Two of the ten are visitors whose workspace no CRM knows.
                    "workspace_id": ACCOUNTS[person] if person < 8 else f"essai-{person}",
                    "offre": OFFERS[person % 3], "page": "/accueil", "courriel": f"u{person}@client{person}.example",
                },
            }  # fmt: skip


def companies() -> Iterator[Record]:
    for number, account in enumerate(ACCOUNTS):
        yield {"id": str(7000 + number), "properties": {
            "name": f"Client {number}", "domain": f"client{number}.example", "workspace_id": account,
            "offre_commerciale": OFFERS[number % 3], "taille_entreprise": ("PME", "ETI", "Grand compte")[number % 3],
            "mrr_contractuel": str(100 * (number + 1)), "date_resiliation": "2026-09-30" if number == 19 else "",
            "compte_demo": "true" if number == 18 else "false", "createdate": "2025-01-01T00:00:00Z",
            "hubspot_owner_id": "o1", "numberofemployees": str(3 * number + 5),
        }}  # fmt: skip


def contacts() -> Iterator[Record]:
    for number in range(10):
        yield {
            "id": str(8000 + number),
            "properties": {"email": f"u{number}@client{number}.example", "identifiant_app": f"u-{number}"},
        }


def deals() -> Iterator[Record]:
    for number in range(20):
        yield {
            "id": str(9000 + number),
            "properties": {
                "amount": str(1200 * (number + 1)),
                "deal_currency_code": "CHF",
                "dealtype": "Renouvellement" if number < 6 else "newbusiness",
            },
        }


def issues() -> Iterator[Record]:
    number = 0
    for project, counts in (("WEB", (3, 2, 2, 1, 12)), ("DATA", (1, 1, 0, 0, 6))):
        for (status, _), count in zip(STATUSES.items(), counts, strict=True):
            for _ in range(count):
                number += 1
                resolution = (
                    ("Abandonné" if number % 6 == 0 else "Terminé") if status == "Terminé(e)" else None
                )
                yield {"id": str(number), "key": f"{project}-{number}", "fields": {
                    "project": {"key": project}, "status": {"name": status}, "issuetype": {"hierarchyLevel": 1 if number == 1 else 0},
                    "resolution": {"name": resolution} if resolution else None,
                    "assignee": {"emailAddress": f"dev{number % 3}@ecran.example"},
                }}  # fmt: skip


def pull_requests() -> Iterator[Record]:
    for repository, project, count in (("editeur", "WEB", 8), ("pipelines", "DATA", 5), ("site", "", 3)):
        for number in range(count):
            title = f"{project}-{number}: corrige" if project else "Corrige une faute"
            yield {"id": f"{repository}{number}", "title": title, "url": f"https://api.github.com/repos/ecran/{repository}/pulls/{number}", "base": {"repo": {"name": repository}}, "head": {"ref": "x"}}  # fmt: skip
