"""The routes of PagerDuty, LaunchDarkly and GrowthBook: refused without a key, and with the traps that the vendors have."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from vendor_client import NOW, START, FakeData, Serve

from sandbox.serving.server import create_app
from sandbox.serving.state import SandboxState
from sandbox.vendors.growthbook.credentials import GROWTHBOOK_SECRET_KEY
from sandbox.vendors.launchdarkly.credentials import LAUNCHDARKLY_ACCESS_TOKEN
from sandbox.vendors.pagerduty.credentials import PAGERDUTY_API_KEY

KEYS = {
    "pagerduty": f"Token token={PAGERDUTY_API_KEY}",
    "launchdarkly": LAUNCHDARKLY_ACCESS_TOKEN,
    "growthbook": f"Bearer {GROWTHBOOK_SECRET_KEY}",
}
ENVIRONMENTS = ("production", "staging", "test", "lab")
FIRST = {"pagerduty": "/services", "launchdarkly": "/api/v2/projects", "growthbook": "/v1/experiments"}


def with_records(data: FakeData) -> SandboxState:
    for number in range(1, 4):
        at = START + timedelta(days=number)
        stamp = at.strftime("%Y-%m-%dT%H:%M:%SZ")
        body: dict[str, Any] = {"id": f"Q{number}", "created_at": stamp, "status": "resolved"}
        data.add("pagerduty", "incidents", f"Q{number}", at, **body)
        data.add(
            "launchdarkly",
            "flags",
            f"web:f{number}",
            at,
            project_key="web",
            key=f"f{number}",
            deprecated=number == 3,
            environments={name: {"on": True, "fallthrough": {"variation": 0}} for name in ENVIRONMENTS},
        )
        data.add("growthbook", "features", f"f{number}", at, id=f"f{number}")
        data.add(
            "growthbook",
            "experiments",
            f"e{number}",
            at,
            id=f"e{number}",
            dateUpdated=stamp,
            status="running",
        )
    # What is archived says so itself.
    data.streams["growthbook", "features"][-1].body["archived"] = True
    return SandboxState(data, NOW, only=tuple(KEYS), pace=100_000)


@pytest.fixture
def ask(serve: Serve, data: FakeData) -> Any:
    client = serve(create_app(with_records(data)))

    def get(vendor: str, path: str, **params: Any) -> httpx.Response:
        return client.get(f"/{vendor}{path}", params=params, headers={"Authorization": KEYS[vendor]})

    return get


@pytest.mark.parametrize("vendor", KEYS)
def test_a_key_is_needed(serve: Serve, data: FakeData, vendor: str) -> None:
    client = serve(create_app(with_records(data)))
    assert client.get(f"/{vendor}{FIRST[vendor]}").status_code == 401
    right = {"Authorization": KEYS[vendor]}
    assert client.get(f"/{vendor}{FIRST[vendor]}", headers=right).status_code == 200
    assert (
        client.get(f"/{vendor}{FIRST[vendor]}", headers={"Authorization": "Bearer other"}).status_code == 401
    )


def test_incidents_are_shown_between_two_moments_of_at_most_half_a_year(ask: Any) -> None:
    def shown(**params: Any) -> list[str]:
        return [each["id"] for each in ask("pagerduty", "/incidents", **params).json()["incidents"]]

    since, until = (START + timedelta(days=2)).isoformat(), (START + timedelta(days=3)).isoformat()
    assert shown(since=since, until=until) == ["Q2"]
    assert shown(since=(START - timedelta(days=200)).isoformat(), until=until) == []
    refused = ask("pagerduty", "/incidents", since=since, until=until, offset=9_990, limit=100)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, 2002)
    assert ask("pagerduty", "/incidents/none").status_code == 404


def test_a_flag_shows_the_environments_that_are_asked_for_three_at_most(ask: Any) -> None:
    bare = ask("launchdarkly", "/api/v2/flags/web").json()
    assert [each["key"] for each in bare["items"]] == ["f1", "f2"]
    assert "environments" not in bare["items"][0]
    some = ask("launchdarkly", "/api/v2/flags/web", env="production,lab").json()["items"][0]
    assert some["environments"] == {"production": {"on": True}, "lab": {"on": True}}
    told = ask("launchdarkly", "/api/v2/flags/web", env="lab", summary=0, filter="state:deprecated").json()[
        "items"
    ]
    assert [(each["key"], "fallthrough" in each["environments"]["lab"]) for each in told] == [("f3", True)]
    assert ask("launchdarkly", "/api/v2/flags/web", env=",".join(ENVIRONMENTS)).status_code == 400
    assert ask("launchdarkly", "/api/v2/flags/other").status_code == 404


def test_archived_features_are_on_a_list_of_their_own(ask: Any) -> None:
    page = ask("growthbook", "/v2/features", limit=1).json()
    assert ([each["id"] for each in page["features"]], page["hasMore"], page["nextOffset"]) == (
        ["f1"],
        True,
        1,
    )
    archived = ask("growthbook", "/v2/features", archived="true").json()
    assert [each["id"] for each in archived["features"]] == ["f3"]
    assert ask("growthbook", "/v1/experiments/e1/results").status_code == 404
