"""Amplitude and HubSpot as the sandbox speaks them: authentication, paging, limits, errors."""

from datetime import timedelta

import httpx
import pytest
from vendor_client import (
    AMPLITUDE,
    DAY,
    HUBSPOT,
    JIRA,
    NOW,
    START,
    FakeData,
    Serve,
    events_in,
    hubspot_list,
    names_in,
    search,
)

from sandbox.serving.environment import environment
from sandbox.serving.server import create_app
from sandbox.serving.state import SandboxState


def test_wrong_credentials_are_refused_by_every_vendor(client: httpx.Client) -> None:
    wrong = ("someone", "wrong")
    bearer = {"Authorization": "Bearer wrong"}
    assert client.get("/amplitude/api/2/export", params=DAY, auth=wrong).status_code == 401
    hubspot = client.get("/hubspot/crm/objects/2026-09/contacts", headers=bearer)
    assert (hubspot.status_code, hubspot.json()["category"]) == (401, "INVALID_AUTHENTICATION")
    ticket = client.get("/zendesk/api/v2/tickets/count.json", headers=bearer)
    assert (ticket.status_code, ticket.json()["error"]) == (401, "invalid_token")
    refused = client.post(
        "/zendesk/oauth/tokens", json={"grant_type": "client_credentials", "client_id": "x"}
    )
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")
    jira = client.get("/jira/rest/api/3/myself", auth=wrong)
    assert jira.status_code == 401
    assert jira.json()["errorMessages"]
    assert client.get("/jira/rest/api/3/myself").status_code == 401


def test_amplitude_exports_both_hours_as_a_zip_of_gzipped_lines(client: httpx.Client) -> None:
    response = client.get(
        "/amplitude/api/2/export", params={"start": "20261112T08", "end": "20261112T10"}, auth=AMPLITUDE
    )
    assert response.headers["content-type"] == "application/zip"
    assert names_in(response.content) == [
        f"187520/187520_2026-11-12_{hour}#{n}.json.gz" for hour in (8, 10) for n in (0, 1)
    ]
    assert len({event["uuid"] for event in events_in(response.content)}) == 40


def test_amplitude_serves_an_hour_only_two_hours_after_it_ended(
    client: httpx.Client, sandbox: SandboxState
) -> None:
    window = {"start": "20261114T00", "end": "20261114T00"}
    assert client.get("/amplitude/api/2/export", params=window, auth=AMPLITUDE).status_code == 404
    sandbox.now = NOW + timedelta(hours=1, minutes=59)
    assert client.get("/amplitude/api/2/export", params=window, auth=AMPLITUDE).status_code == 404
    sandbox.now = NOW + timedelta(hours=2)
    assert client.get("/amplitude/api/2/export", params=window, auth=AMPLITUDE).status_code == 200


@pytest.mark.parametrize(
    ("window", "status"),
    [
        ({"start": "20261112T09", "end": "20261112T09"}, 404),
        ({"start": "20261112T10", "end": "20261112T09"}, 400),
        ({"start": "2026-11-12", "end": "20261112T09"}, 400),
        ({"start": "20240101T00", "end": "20261112T09"}, 400),
        (DAY, 400),
    ],
)
def test_amplitude_refuses_empty_bad_and_large_windows(
    data: FakeData, serve: Serve, window: dict[str, str], status: int
) -> None:
    client = serve(create_app(SandboxState(data, NOW, max_export_events=100)))
    assert client.get("/amplitude/api/2/export", params=window, auth=AMPLITUDE).status_code == status


def test_large_exports_come_in_pieces(client: httpx.Client) -> None:
    with client.stream("GET", "/amplitude/api/2/export", params=DAY, auth=AMPLITUDE) as response:
        length = int(response.headers["content-length"])
        assert sum(len(piece) for piece in response.iter_raw()) == length > 0


def test_hubspot_lists_live_and_archived_objects_once_each(client: httpx.Client) -> None:
    live = hubspot_list(client, "/crm/objects/2026-09/contacts", limit=100)
    archived = hubspot_list(client, "/crm/objects/2026-09/contacts", limit=2, archived="true")
    assert [row["id"] for row in archived] == ["50", "100", "150", "200", "250"]
    assert all(row["archived"] for row in archived)
    assert sorted(int(row["id"]) for row in live + archived) == list(range(1, 251))
    assert client.get("/hubspot/crm/objects/2026-09/contacts?limit=101", headers=HUBSPOT).status_code == 400


def test_hubspot_returns_only_the_properties_asked_for(client: httpx.Client) -> None:
    path = "/hubspot/crm/objects/2026-09/contacts?limit=1"
    assert "jobtitle" not in client.get(path, headers=HUBSPOT).json()["results"][0]["properties"]
    properties = client.get(f"{path}&properties=jobtitle,phone", headers=HUBSPOT).json()["results"][0][
        "properties"
    ]
    assert properties == {
        "jobtitle": "PM",
        "phone": None,
        "createdate": None,
        "hs_object_id": "1",
        "lastmodifieddate": properties["lastmodifieddate"],
    }
    described = client.get("/hubspot/crm/properties/2026-09/contacts", headers=HUBSPOT).json()["results"]
    assert {"email", "jobtitle", "lastmodifieddate"} <= {row["name"] for row in described}


def test_hubspot_search_filters_sorts_and_pages(client: httpx.Client) -> None:
    since = int((START + timedelta(hours=100)).timestamp() * 1000)
    rules = [
        {"propertyName": "lastmodifieddate", "operator": "GTE", "value": str(since)},
        {"propertyName": "hs_object_id", "operator": "LT", "value": "241"},
    ]
    asked = {
        "filterGroups": [{"filters": rules}],
        "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
        "limit": 50,
    }
    seen: list[int] = []
    after: str | None = None
    while True:
        page = search(client, **asked, **({"after": after} if after else {})).json()
        seen += [int(row["id"]) for row in page["results"]]
        assert page["total"] == 138
        if "paging" not in page:
            break
        after = page["paging"]["next"]["after"]
    assert seen == [n for n in range(101, 241) if n % 50]
    assert (
        search(
            client, filterGroups=[{"filters": [{"propertyName": "email", "operator": "LIKE"}]}]
        ).status_code
        == 400
    )
    assert search(client, limit=201).status_code == 400


def test_hubspot_search_ends_at_ten_thousand_results(data: FakeData, serve: Serve) -> None:
    for n in range(1000, 11_010):
        data.add("hubspot", "contacts", n, START, id=str(n), properties={"hs_object_id": str(n)})
    client = serve(create_app(SandboxState(data, NOW, pace=100_000)))
    last = search(client, limit=200, after="9800").json()
    assert (last["total"], len(last["results"])) == (10_255, 200)
    beyond = search(client, limit=200, after=last["paging"]["next"]["after"])
    assert (beyond.status_code, beyond.json()["category"]) == (400, "VALIDATION_ERROR")


def test_hubspot_associations_answer_207_for_ids_without(client: httpx.Client) -> None:
    path = "/hubspot/crm/associations/2026-09/contacts/companies/batch/read"
    response = client.post(path, json={"inputs": [{"id": "1"}, {"id": "2"}, {"id": "3"}]}, headers=HUBSPOT)
    body = response.json()
    assert response.status_code == 207
    assert {row["from"]["id"]: row["to"][0]["toObjectId"] for row in body["results"]} == {"1": "1", "2": "1"}
    assert body["errors"][0]["context"]["fromObjectId"] == ["3"]
    assert client.post(path, json={"inputs": [{"id": "1"}]}, headers=HUBSPOT).status_code == 200
    with_links = client.get(
        "/hubspot/crm/objects/2026-09/contacts?limit=1&associations=companies", headers=HUBSPOT
    ).json()
    assert with_links["results"][0]["associations"]["companies"]["results"][0]["id"] == "1"


def test_hubspot_names_the_policy_of_a_refusal(data: FakeData, serve: Serve) -> None:
    client = serve(create_app(SandboxState(data, NOW, pace=1)))
    answers = [search(client, limit=1) for _ in range(6)]
    assert answers[-1].status_code == 429
    assert answers[-1].json()["policyName"] == "SECONDLY"
    listed = client.get("/hubspot/crm/objects/2026-09/contacts", headers=HUBSPOT)
    assert listed.headers["x-hubspot-ratelimit-remaining"] == "189"
    assert "x-hubspot-ratelimit-max" not in answers[0].headers


def test_old_paths_and_vendors_switched_off_answer_404(data: FakeData, serve: Serve) -> None:
    client = serve(create_app(SandboxState(data, NOW, only=["hubspot"])))
    assert client.get("/hubspot/owners/v2/owners", headers=HUBSPOT).status_code == 404
    # What HubSpot's own libraries ask by is answered until 2027.
    assert client.get("/hubspot/crm/v3/owners", headers=HUBSPOT).status_code == 200
    assert client.get("/jira/rest/api/3/myself", auth=JIRA).status_code == 404
    named = {name.split("_")[1] for name in environment("http://127.0.0.1:1", only=["hubspot"])}
    assert named == {"HUBSPOT", "REGISTRY"}
    with pytest.raises(ValueError, match="unknown vendor slack"):
        SandboxState(data, NOW, only=["slack"])
