"""The registry: the organisation's own facts, from the YAML files of `POPS_REGISTRY_DIR`; a source like any other.

One file a stream, one record an entry, as written, with `_ordinal`: its place in the file, from 1. All files are
validated together before the first record. An entry that is taken out of its file becomes a deleted version.
Try it: `pops check registry`.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from connectors.contract import Connector, Cursor, Page, RawRecord, Stream, Window, Words
from connectors.errors import InvalidRegistry
from connectors.http import Http
from connectors.registry.schema import Organisation, Registry
from connectors.settings import VendorlessSettings
from connectors.yaml_file import Lines, line_of, parse_yaml, sentence_of

DEFAULT_FOLDER = Path(__file__).resolve().parents[2] / "registry"
FILES = tuple(Registry.model_fields)
# The glossary is for readers of reports: no model reads it.
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
    "funnels": Words(
        "The funnels and the events that are their steps",
        "Les entonnoirs et les événements qui en sont les étapes",
    ),
    "surveys": Words(
        "The surveys: what each asks, and how its answers are scored",
        "Les enquêtes : ce que chacune demande, et comment ses réponses sont notées",
    ),
    "exchange_rates": Words(
        "What other currencies were worth in the organisation's own, from which day on",
        "Ce que valaient les autres devises dans celle de l'organisation, à partir de quel jour",
    ),
}
# So many problems are told at once.
MOST_PROBLEMS = 8


class RegistrySettings(VendorlessSettings):
    """The folder."""

    address = "dir"
    dir: Path = DEFAULT_FOLDER


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
            self._entries = _validated(self._folder)[1]
        return self._entries


def registry_dir(env: Mapping[str, str] = os.environ) -> Path:
    """`POPS_REGISTRY_DIR`, or the project's `registry/`."""
    return Path(env.get("POPS_REGISTRY_DIR") or DEFAULT_FOLDER).expanduser()


def load_registry(folder: Path) -> Registry:
    """The registry, validated. Raises InvalidRegistry naming file and line of what is wrong."""
    return _validated(folder)[0]


def load_organisation(folder: Path) -> Organisation:
    """The organisation: name, time zone, first day of the week, currency, brackets of retention. Raises InvalidRegistry."""
    return load_registry(folder).organisation[0]


def _validated(folder: Path) -> tuple[Registry, dict[str, list[dict[str, Any]]]]:
    """The registry, and its entries as written. A night asks many times: what has not changed is not read again."""
    if not folder.is_dir():
        raise InvalidRegistry(
            "There is no such folder.",
            remedy="Set POPS_REGISTRY_DIR to the registry's folder.",
            place=str(folder),
        )
    paths = sorted([*folder.glob("*.yml"), *folder.glob("*.yaml")])
    return _read(folder, tuple((path, *_state(path)) for path in paths))


def _state(path: Path) -> tuple[int, int]:
    """When a file was changed, in nanoseconds, and its size; nothing of one that cannot be looked at."""
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size


@lru_cache(maxsize=2)
def _read(
    folder: Path, states: tuple[tuple[Path, int, int], ...]
) -> tuple[Registry, dict[str, list[dict[str, Any]]]]:
    """`states`: each file with its state, by which what was read of it is known again."""
    files = {path.stem: path for path, *_ in states}
    unknown = sorted(files.keys() - set(FILES))
    if unknown:
        raise InvalidRegistry(
            f"The registry knows no {', '.join(unknown)}: its files are {', '.join(FILES)}.",
            place=files[unknown[0]].name,
        )
    entries: dict[str, list[dict[str, Any]]] = {}
    lines: dict[str, Lines] = {}
    for name in FILES:
        if name not in files and not Registry.model_fields[name].is_required():
            entries[name], lines[name] = [], {}
            continue
        path = files.get(name, folder / f"{name}.yml")
        content, lines[name] = parse_yaml(_text(path), path.name, InvalidRegistry)
        if not isinstance(content, dict) or list(content) != [name] or not isinstance(content[name], list):
            raise InvalidRegistry(f"The file holds one list, named `{name}`.", place=f"{path.name}:1")
        entries[name] = content[name]
    try:
        registry = Registry.model_validate(entries)
    except ValidationError as error:
        problems = [
            (str(each["loc"][0]), each["loc"][1:], sentence_of(each["loc"], each["msg"], each["type"]))
            for each in error.errors(include_url=False, include_input=False)
        ]
    else:
        problems = [(stream, (number,), what) for stream, number, what in registry.problems()]
        if not problems:
            return registry, entries
    told = [
        f"{name}.yml:{line_of(lines[name], (name, *place))}: {what}"
        for name, place, what in problems[:MOST_PROBLEMS]
    ]
    first_place, _, first = told[0].partition(": ")
    more = f" And {len(problems) - 1} more: {' '.join(told[1:])}" if len(problems) > 1 else ""
    raise InvalidRegistry(first + more, place=first_place)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InvalidRegistry(
            "The file is missing.",
            remedy="Restore it, or set POPS_REGISTRY_DIR to the registry's folder.",
            place=path.name,
        ) from None
    except UnicodeDecodeError:
        raise InvalidRegistry("The file is not UTF-8.", place=path.name) from None


def _json(entry: Any) -> str:
    return json.dumps(entry, ensure_ascii=False, separators=(",", ":"), default=_as_text)


def _as_text(value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"The registry cannot hold a {type(value).__name__}.")
