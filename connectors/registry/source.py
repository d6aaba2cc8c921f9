"""The registry: the organisation's own facts, from the YAML files of `POPS_REGISTRY_DIR`; a source like any other.

One file a stream, one record an entry, as written, with `_ordinal`: its place among the file's entries, from 1, the platform's
own included. All files are validated together before the first record. An entry that is taken out becomes a deleted version.
Try it: `pops check registry`.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from pydantic import Field

from connectors.contract import Connector, Cursor, Page, RawRecord, Stream, Window, Words
from connectors.http import Http
from connectors.registry.files import effective_entries, load_registry, registry_dir
from connectors.settings import VendorlessSettings

# The glossary and the remarks are for readers of reports: no model reads them.
STREAMS = {
    "organisation": Words(
        "The organisation itself: its name, reporting time zone, working week and currency",
        "L'organisation elle-même : son nom, son fuseau horaire, sa semaine de travail et sa devise",
    ),
    "products": Words(
        "The products, and the team that owns each", "Les produits, et l'équipe responsable de chacun"
    ),
    "features": Words(
        "The features: the events that show their use, their epics, tags, launch and owner",
        "Les fonctionnalités : événements d'usage, epics, étiquettes, lancement et responsable",
    ),
    "teams": Words(
        "The teams, and the projects and repositories they work in",
        "Les équipes, et les projets et dépôts où elles travaillent",
    ),
    "stages": Words(
        "Which status of the delivery tool belongs to which stage, from idea to customer",
        "Quel statut de l'outil de réalisation relève de quelle étape, de l'idée au client",
    ),
    "roadmap_statuses": Words(
        "What each status of the roadmap tool means",
        "Ce que signifie chaque statut de l'outil de feuille de route",
    ),
    "feedback_sources": Words(
        "Where feedback comes from, and how it is counted",
        "D'où viennent les retours, et comment ils sont comptés",
    ),
    "themes": Words(
        "What support tickets are about: the themes, and the tags and words by which a ticket has one",
        "De quoi parlent les demandes : les thèmes, et les étiquettes et mots qui les signalent",
    ),
    "owners": Words(
        "Who answers for which area of this platform", "Qui répond de quelle partie de cette plateforme"
    ),
    "targets": Words(
        "What good looks like: the values that metrics should reach",
        "Les valeurs que les indicateurs doivent atteindre",
    ),
    "calendar": Words("Holidays and working hours", "Jours fériés et heures de travail"),
    "exclusions": Words(
        "What must not be counted: test accounts, own staff, robots",
        "Ce qui ne doit pas être compté : comptes de test, personnel, robots",
    ),
    "delivery": Words(
        "How delivery is measured: kinds of work, commitments, incidents",
        "Comment la réalisation est mesurée : types de travail, engagements, incidents",
    ),
    "services": Words(
        "Which code runs in a service of the on-call tool",
        "Quel code tourne dans un service de l'outil d'astreinte",
    ),
    "funnels": Words(
        "The funnels and the events that are their steps",
        "Les entonnoirs et les événements qui en sont les étapes",
    ),
    "surveys": Words(
        "The surveys: what each asks, and how its answers are scored",
        "Les enquêtes : ce que chacune demande, et comment ses réponses sont notées",
    ),
    "launches": Words(
        "The launches: what was expected of each, by which metric, and by when",
        "Les lancements : ce qui était attendu de chacun, mesuré par quel indicateur, et pour quand",
    ),
    "north_star": Words(
        "The North Star: the one number that is to grow, what it is made of, and the inputs that move it",
        "Le North Star : le chiffre qui doit croître, de quoi il est fait, et ce qui le fait bouger",
    ),
    "experiments": Words(
        "The experiments: who was to see what, what was expected of it, and by when",
        "Les expériences : qui devait voir quoi, ce qui en était attendu, et pour quand",
    ),
    "sources": Words(
        "What the properties, fields and tags of the tools mean that everybody names for themselves",
        "Ce que signifient les propriétés, champs et étiquettes que chacun nomme à sa façon dans les outils",
    ),
    "exchange_rates": Words(
        "What other currencies were worth in the organisation's own, from which day on",
        "Ce que valaient les autres devises dans celle de l'organisation, à partir de quel jour",
    ),
}


class RegistrySettings(VendorlessSettings):
    """The folder."""

    address = "dir"
    dir: Path = Field(default_factory=lambda: registry_dir({}))


class RegistryConnector(Connector):
    """Every file is read whole, every time; raw keeps what changed."""

    name = "registry"
    title = "the registry"
    family = "registry"
    unread = Words(
        "Features, teams and mappings are those of the last good night: what was changed in the registry since then has no effect.",
        "Fonctionnalités, équipes et correspondances sont celles de la dernière nuit réussie : ce qui a été changé dans le registre depuis est sans effet.",
    )
    access = "none: the registry is a folder of this project."
    Settings = RegistrySettings
    streams = tuple(
        Stream(
            name,
            holds,
            personal_data=(),
            key_source="connectors/registry/schema.py: an `id` is written once in its file.",
            deletes="vanish",
        )
        for name, holds in STREAMS.items()
    )

    def __init__(self, settings: RegistrySettings, http: Http) -> None:
        super().__init__(settings, http)
        self._folder = settings.dir
        self._entries: dict[str, list[dict[str, Any]]] | None = None

    def check(self) -> None:
        load_registry(self._folder)

    def next_window(
        self, stream: Stream, cursor: Cursor | None, until: datetime, history_start: datetime
    ) -> Window | None:
        """As any stream that is read whole, and again as soon as what its file says is not what was read."""
        content = hashlib.sha256(_json(self._all_entries()[stream.name]).encode()).hexdigest()
        is_known = cursor is not None and cursor.get("content") == content
        window = super().next_window(stream, cursor if is_known else None, until, history_start)
        return window and replace(window, cursor_after=window.cursor_after | {"content": content})

    def fetch(self, stream: Stream, window: Window) -> Iterator[Page]:
        records = {
            str(entry["id"]): RawRecord(str(entry["id"]), "", _json(entry | {"_ordinal": ordinal}))
            for ordinal, entry in enumerate(self._all_entries()[stream.name], 1)
        }
        vanished = [each._replace(record_version="", is_deleted=True) for each in self.known(stream.name)]
        yield Page([*records.values(), *(each for each in vanished if each.record_id not in records)])

    def _all_entries(self) -> dict[str, list[dict[str, Any]]]:
        """Every file's entries, read and validated once a run."""
        if self._entries is None:
            self._entries = effective_entries(self._folder)
        return self._entries


def _json(entry: Any) -> str:
    return json.dumps(entry, ensure_ascii=False, separators=(",", ":"), default=_as_text)


def _as_text(value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"The registry cannot hold a {type(value).__name__}.")
