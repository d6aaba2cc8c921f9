"""LaunchDarkly: flags with all their environments, the audit log of flags, experiments.

Endpoints, version 20240415: `GET /api/v2/projects`, `/projects/{p}/environments`, `/flags/{p}`, `/auditlog`, `/auditlog/{id}`,
`/projects/{p}/environments/{e}/experiments`.
Access: a service token with the role Reader.
Deletes: a flag that no list shows any more becomes a deleted version; archived ones are listed apart, and stay.
Limits: a flag shows three environments a request, the audit log twenty entries a page.
Try it: `pops check launchdarkly`.
"""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import httpx
from pydantic import AnyHttpUrl, SecretStr

from connectors.contract import Connector, Cursor, Page, RawRecord, Stream, Window, Words
from connectors.errors import StuckCursor
from connectors.habits import Habits
from connectors.http import HeaderAuth
from connectors.planning import first_half, next_window
from connectors.rows import raw_record, value_at
from connectors.settings import SourceSettings
from connectors.whole import whole

API_VERSION = "20240415"
ROWS_A_PAGE, ENTRIES_A_PAGE = 100, 20
# "The `env` query parameter accepts at most three environments."
ENVIRONMENTS_AT_ONCE = 3
# Without a state, live flags are listed alone.
STATES = ("live", "deprecated", "archived")
# What of an audit entry the list leaves out is asked for where it says who has a flag.
TELLING = ("createFlag", "updateOn", "updateFallthrough", "updateRules", "updateGlobalArchived")
LONGEST_WINDOW = timedelta(days=30)
READ_UNTIL = "read_until"
Json = dict[str, Any]


class LaunchDarklySettings(SourceSettings):
    """Base URL `https://app.launchdarkly.com`, `https://app.eu.launchdarkly.com` or `https://app.launchdarkly.us`, and a token."""

    usual_address = "https://app.launchdarkly.com"
    habits = Habits(headers={"LD-API-Version": API_VERSION})
    base_url: AnyHttpUrl
    access_token: SecretStr
    # The vendor publishes no number; its headers say how long to wait.
    requests_per_minute: int | None = 200

    def auth(self) -> httpx.Auth:
        return HeaderAuth("Authorization", "{}", self.access_token)


class LaunchDarklyConnector(Connector):
    """Records of flags and experiments have the project's key in `project_key`, which the vendor has in addresses alone.

    A flag's record holds all its environments, which are asked for three at a time.
    """

    name = "launchdarkly"
    title = "LaunchDarkly"
    console = "https://app.launchdarkly.com"
    family = "experiments"
    unread = Words(
        "Flags stand as on the last good night: what was given to people, or taken from them, since then is unknown.",
        "Les drapeaux sont figés à la dernière nuit réussie : ce qui a été ouvert ou retiré depuis est inconnu.",
    )
    access = "a service access token with the role Reader."
    Settings = LaunchDarklySettings
    streams = (
        Stream(
            "flags",
            Words(
                "Feature flags, and who has them in which environment",
                "Drapeaux de fonctionnalités, et qui les a dans quel environnement",
            ),
            (
                "_maintainer",
                "maintainerId",
                "environments.*.targets",
                "environments.*.contextTargets",
                "environments.*.rules",
            ),
            key="project_key and key",
            key_source="REST API: a flag's `key` is unique within its project, and both stand in its address.",
            deletes="vanish",
        ),
        Stream(
            "audit_log",
            Words(
                "Every change of a feature flag, with what it was after it",
                "Chaque changement d'un drapeau, avec son état après coup",
            ),
            (
                "member",
                "app",
                "token",
                "title",
                "comment",
                "description",
                "currentVersion",
                "previousVersion",
                "delta",
            ),
            key="_id",
            key_source="REST API: `_id` is that of an entry of the account's audit log, and stands in its address.",
            version="date",
            cursor="up to which moment entries were read",
            happened="date",
            lag=timedelta(minutes=5),
            look_back=timedelta(hours=1),
            is_event=True,
        ),
        Stream(
            "experiments",
            Words("Experiments with their iterations", "Expériences avec leurs itérations"),
            ("_maintainerId",),
            key="project_key, environmentKey and key",
            key_source="REST API: an experiment's `key` is unique within its project and environment; all stand in its address.",
            optional=True,
        ),
    )

    def check(self) -> None:
        projects = self._http.get("/api/v2/projects", {"limit": 1})
        if projects["totalCount"]:
            self._http.get(f"/api/v2/flags/{projects['items'][0]['key']}", {"limit": 1})["totalCount"]
        self._http.get("/api/v2/auditlog", {"limit": 1})["items"]

    def next_window(
        self, stream: Stream, cursor: Cursor | None, until: datetime, history_start: datetime
    ) -> Window | None:
        if stream.is_whole:
            return super().next_window(stream, cursor, until, history_start)
        return next_window(
            cursor,
            READ_UNTIL,
            until - stream.lag,
            history_start,
            look_back=stream.look_back,
            longest=LONGEST_WINDOW,
        )

    def shortened(self, window: Window) -> Window | None:
        return first_half(window, READ_UNTIL)

    def fetch(self, stream: Stream, window: Window) -> Iterator[Page]:
        if stream.name == "audit_log":
            yield from (Page(records) for records in self._entries(window))
        elif stream.name == "flags":
            yield from whole(self._flags(), self.known("flags"), self.parts["flags"], self._is_of_refused)
        else:
            yield from (Page(records) for records in self._experiments())

    def _flags(self) -> Iterator[list[RawRecord]]:
        for project in self._projects():
            with self.parts["flags"].reading(f"project {project}"):
                yield self._flags_of(project)

    def _flags_of(self, project: str) -> list[RawRecord]:
        """All flags of a project, each with all its environments."""
        found: dict[str, Json] = {}
        nameless: list[Any] = []
        environments = self._environments(project)
        for first in range(0, len(environments), ENVIRONMENTS_AT_ONCE):
            asked = {"env": ",".join(environments[first : first + ENVIRONMENTS_AT_ONCE]), "summary": 0}
            for state in STATES:
                for rows in self._listed(f"/api/v2/flags/{project}", asked | {"filter": f"state:{state}"}):
                    for row in rows:
                        key = value_at(row, "key")
                        if key is None:
                            # It comes with every three environments, and is put aside once.
                            nameless += [] if first else [row]
                            continue
                        shown = row.get("environments")
                        held = found.setdefault(str(key), {"project_key": project, **row})
                        if held.get("environments") != shown and isinstance(shown, dict):
                            held["environments"] = {**(held.get("environments") or {}), **shown}
        return [_of_project(project, "key", row) for row in [*found.values(), *nameless]]

    def _is_of_refused(self, held: RawRecord) -> bool:
        return f"project {held.record_id.partition(':')[0]}" in self.parts["flags"].refused

    def _experiments(self) -> Iterator[list[RawRecord]]:
        query = {
            "lifecycleState": "active,archived",
            "expand": "previousIterations,treatments,secondaryMetrics",
        }
        for project in self._projects():
            for environment in self._environments(project):
                with self.parts["experiments"].reading(f"environment {project}/{environment}"):
                    path = f"/api/v2/projects/{project}/environments/{environment}/experiments"
                    for rows in self._listed(path, query):
                        yield [_of_project(f"{project}:{environment}", "key", row, project) for row in rows]

    def _entries(self, window: Window) -> Iterator[list[RawRecord]]:
        """Entries of flags, newest first; those that tell who has a flag are asked for one by one, for they alone say what it was then."""
        assert window.start is not None
        assert window.end is not None
        query: Json = {
            "spec": "proj/*:env/*:flag/*",
            "after": _ms(window.start) - 1,
            "before": _ms(window.end),
            "limit": ENTRIES_A_PAGE,
        }

        def following(body: Json) -> Json | None:
            if not value_at(body, "_links.next"):
                return None
            if not body["items"]:
                raise StuckCursor(place="GET /api/v2/auditlog")
            # The millisecond of the last one is asked for again: others may share it.
            return {"before": body["items"][-1]["date"] + 1}

        for body in self._http.paginate("/api/v2/auditlog", query, following):
            yield [raw_record(self._whole_entry(row), "date", key="_id") for row in body["items"]]

    def _whole_entry(self, row: Any) -> Any:
        """As it is asked for by its id; as it is listed, where it tells nothing of that or is refused."""
        key, accesses = value_at(row, "_id"), value_at(row, "accesses") or []
        if not key or not any(value_at(each, "action") in TELLING for each in accesses):
            return row
        whole_row = row
        with self.parts["audit_log"].reading(f"entry {key}"):
            whole_row = self._http.get(f"/api/v2/auditlog/{key}")
        return whole_row

    def _projects(self) -> Iterator[str]:
        for rows in self._listed("/api/v2/projects", {}):
            yield from (str(each["key"]) for each in rows if value_at(each, "key"))

    def _environments(self, project: str) -> list[str]:
        path = f"/api/v2/projects/{project}/environments"
        return [str(each["key"]) for rows in self._listed(path, {}) for each in rows if value_at(each, "key")]

    def _listed(self, path: str, query: Json) -> Iterator[list[Any]]:
        """Pages of a list that counts its rows; what each says of the next one is not needed."""
        shown = 0

        def following(body: Json) -> Json | None:
            nonlocal shown
            shown += len(body["items"])
            if shown >= body["total_count" if path.endswith("/experiments") else "totalCount"]:
                return None
            if not body["items"]:
                raise StuckCursor(place=f"GET {path}")
            return {"offset": shown}

        first = query | {"limit": ROWS_A_PAGE, "offset": 0}
        for body in self._http.paginate(path, first, following):
            yield body["items"]


def _of_project(parent: str, key: str, row: Any, project: str = "") -> RawRecord:
    """A row with the key of its project; its id begins with what it is found below."""
    found = value_at(row, key)
    content = {"project_key": project or parent, **row} if isinstance(row, dict) else row
    return RawRecord(
        "" if found is None else f"{parent}:{found}", "", json.dumps(content, ensure_ascii=False)
    )


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
