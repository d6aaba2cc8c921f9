"""PostHog as the sandbox speaks it: exports as jobs, files on another host, lists by `next`, and what Amplitude has of Connect."""

import gzip
import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from vendor_client import AMPLITUDE, Serve, events_in

from sandbox.company.company import Company
from sandbox.company.connect import FEATURE_IDS
from sandbox.company.usage.traits import KINDS
from sandbox.serving.data import CompanyData
from sandbox.serving.server import create_app
from sandbox.serving.state import SandboxState
from sandbox.vendors.posthog.credentials import POSTHOG_PERSONAL_API_KEY, POSTHOG_PROJECT

NOW = datetime(2026, 11, 14, 1, tzinfo=UTC)
KEY = {"Authorization": f"Bearer {POSTHOG_PERSONAL_API_KEY}"}
PROJECT = f"/posthog/api/projects/{POSTHOG_PROJECT}"
EXPORTS = f"/posthog/api/environments/{POSTHOG_PROJECT}/file_download_batch_exports/"
WEEK = ("2026-11-06T00:00:00Z", "2026-11-13T00:00:00Z")


@pytest.fixture
def posthog(serve: Serve) -> httpx.Client:
    data = CompanyData(Company.create("small"))
    return serve(create_app(SandboxState(data, NOW, only=("amplitude", "posthog"), pace=100_000)))


def begin(client: httpx.Client, start: str, end: str, **more: Any) -> httpx.Response:
    question = {"model": "events", "file": {"format": "JSONLines", "compression": "gzip"}}
    window = {"data_interval_start": start, "data_interval_end": end}
    return client.post(EXPORTS, json=question | window | more, headers=KEY)


def exported(client: httpx.Client, **more: Any) -> list[dict[str, Any]]:
    job = f"{EXPORTS}{begin(client, *WEEK, **more).json()['id']}/"
    assert client.get(f"{job}download/0/", headers=KEY).status_code == 400
    while (state := client.get(job, headers=KEY).json())["status"] != "Completed":
        pass
    rows = []
    for part in state["files"]:
        there = client.get(f"{job}download/{part}/", headers=KEY).headers["location"]
        assert client.get(there, headers=KEY).status_code == 400
        rows += [json.loads(line) for line in gzip.decompress(client.get(there).content).splitlines()]
    return rows


def test_strangers_and_keys_of_other_projects_are_refused(posthog: httpx.Client) -> None:
    assert posthog.get(f"{PROJECT}/surveys/").status_code == 401
    assert posthog.get("/posthog/api/projects/1/surveys/", headers=KEY).status_code == 403
    assert posthog.get(f"{EXPORTS}unknown/", headers=KEY).status_code == 404


@pytest.mark.parametrize(
    "window", [("2026-11-06T00:00:00Z", "2026-11-13T00:00:01Z"), WEEK[::-1], ("6 Nov", WEEK[1])]
)
def test_an_export_is_of_a_week_at_most(posthog: httpx.Client, window: tuple[str, str]) -> None:
    assert begin(posthog, *window).status_code == 400
    assert begin(posthog, *WEEK, model="groups").status_code == 400


def test_the_use_of_connect_is_what_amplitude_has_of_it(posthog: httpx.Client) -> None:
    connect = {kind.event_type for kind in KINDS if kind.feature_id in FEATURE_IDS}
    rows = exported(posthog)
    here = {
        (
            each["properties"]["$insert_id"],
            each["properties"]["$device_id"],
            each["event"],
            each["timestamp"][:19],
        )
        for each in rows
        if each["event"] in connect
    }
    archive = posthog.get(
        "/amplitude/api/2/export", params={"start": "20261106T00", "end": "20261112T23"}, auth=AMPLITUDE
    )
    there = {
        (each["$insert_id"], each["device_id"], each["event_type"], each["event_time"][:19].replace(" ", "T"))
        for each in events_in(archive.content)
        if each["event_type"] in connect and each["server_upload_time"] >= "2026-11-06"
    }
    assert len(here) > 20
    assert here == there
    assert {each["_inserted_at"][:10] >= "2026-11-06" for each in rows} == {True}
    # Some stand there twice until the vendor has merged them.
    assert len({each["uuid"] for each in rows}) <= len(rows)


def test_the_list_of_events_says_nothing_and_the_others_lead_on(posthog: httpx.Client) -> None:
    assert posthog.get(f"{PROJECT}/events/", headers=KEY).json()["results"] == []
    archived = [
        [
            each["archived"]
            for each in posthog.get(f"{PROJECT}/experiments/", params=query, headers=KEY).json()["results"]
        ]
        for query in ({}, {"archived": "true"})
    ]
    assert archived == [[False] * 3, [True]]
    address: str | None = f"{PROJECT}/feature_flags/activity/?limit=4"
    moments: list[str] = []
    while address:
        page = posthog.get(address, headers=KEY).json()
        moments += [each["created_at"] for each in page["results"]]
        address = page["next"]
    assert len(moments) == page["total_count"] > 8
    assert moments == sorted(moments, reverse=True)


def test_persons_are_rows_an_id_and_say_when_they_are_deleted(posthog: httpx.Client) -> None:
    rows = exported(posthog, model="persons")
    assert {each["is_deleted"] for each in rows} <= {True, False}
    assert len({each["distinct_id"] for each in rows}) == len(rows)
