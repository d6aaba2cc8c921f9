"""A tiny company for the sandbox's routes, and the ways in which a client reads them."""

import gzip
import io
import json
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from starlette.types import ASGIApp

from sandbox.vendors.amplitude.credentials import AMPLITUDE_API_KEY, AMPLITUDE_SECRET_KEY
from sandbox.vendors.hubspot.credentials import HUBSPOT_ACCESS_TOKEN
from sandbox.vendors.jira.credentials import JIRA_API_TOKEN, JIRA_EMAIL
from sandbox.vendors.record import Record
from sandbox.vendors.zendesk.credentials import ZENDESK_CLIENT_ID, ZENDESK_CLIENT_SECRET

NOW = datetime(2026, 11, 14, 1, tzinfo=UTC)
START = NOW - timedelta(days=30)
HUBSPOT = {"Authorization": f"Bearer {HUBSPOT_ACCESS_TOKEN}"}
AMPLITUDE = (AMPLITUDE_API_KEY, AMPLITUDE_SECRET_KEY)
JIRA = (JIRA_EMAIL, JIRA_API_TOKEN)
Serve = Callable[[ASGIApp], httpx.Client]
DAY = {"start": "20261112T00", "end": "20261112T23"}


def iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


class FakeData:
    """A tiny company held in lists; records newer than the clock do not exist yet."""

    def __init__(self) -> None:
        self.streams: dict[tuple[str, str], list[Record]] = {}
        self.reads: Counter[tuple[str, str]] = Counter()

    def add(
        self,
        vendor: str,
        stream: str,
        record_id: int | str,
        at: datetime,
        archived: bool = False,
        **body: Any,
    ) -> None:
        self.streams.setdefault((vendor, stream), []).append(Record(str(record_id), at, body, archived))

    def records(self, vendor: str, stream: str, now: datetime) -> Sequence[Record]:
        self.reads[vendor, stream] += 1
        return [record for record in self.streams.get((vendor, stream), []) if record.updated_at <= now]

    def events(self, vendor: str, start: datetime, now: datetime) -> list[bytes]:
        """Twenty events in two files for every other hour of Amplitude; no other vendor has any."""
        if vendor != "amplitude" or start.hour % 2:
            return []
        lines = [
            json.dumps(
                {
                    "uuid": f"{start:%d%H}-{n}",
                    "event_type": "open",
                    "server_upload_time": f"{start:%Y-%m-%d %H}:00:00",
                }
            )
            for n in range(20)
        ]
        return ["".join(f"{line}\n" for line in part).encode() for part in (lines[:15], lines[15:])]


def zendesk(client: httpx.Client) -> dict[str, str]:
    form = {
        "grant_type": "client_credentials",
        "client_id": ZENDESK_CLIENT_ID,
        "client_secret": ZENDESK_CLIENT_SECRET,
        "scope": "read",
    }
    answer = client.post("/zendesk/oauth/tokens", json=form).json()
    return {"Authorization": f"Bearer {answer['access_token']}"}


def plan(client: httpx.Client, vendor: str, kind: str, **more: Any) -> None:
    response = client.post("/_sandbox/faults", json=[{"vendor": vendor, "kind": kind, **more}])
    assert response.status_code == 200, response.text


def names_in(body: bytes) -> list[str]:
    return zipfile.ZipFile(io.BytesIO(body)).namelist()


def events_in(body: bytes) -> list[dict[str, Any]]:
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        return [
            json.loads(line)
            for name in archive.namelist()
            for line in gzip.decompress(archive.read(name)).splitlines()
        ]


def hubspot_list(client: httpx.Client, path: str, **params: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    after: str | None = None
    while True:
        page = client.get(
            f"/hubspot{path}", params=params | ({"after": after} if after else {}), headers=HUBSPOT
        ).json()
        rows += page["results"]
        if "paging" not in page:
            return rows
        assert page["paging"]["next"]["link"].startswith(str(client.base_url.join("/hubspot/crm/")))
        after = page["paging"]["next"]["after"]


def search(client: httpx.Client, **body: Any) -> httpx.Response:
    return client.post("/hubspot/crm/objects/2026-09/contacts/search", json=body, headers=HUBSPOT)


def zendesk_export(
    client: httpx.Client, stream: str, **params: Any
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    headers = zendesk(client)
    pages = []
    url = f"/zendesk/api/v2/incremental/{stream}/cursor.json"
    page = client.get(url, params=params | {"start_time": 0}, headers=headers).json()
    while True:
        pages.append(page)
        if page["end_of_stream"]:
            return pages, [row for page in pages for row in page[stream]]
        page = client.get(url, params=params | {"cursor": page["after_cursor"]}, headers=headers).json()


def jira_search(client: httpx.Client, **body: Any) -> httpx.Response:
    return client.post("/jira/rest/api/3/search/jql", json=body, auth=JIRA)
