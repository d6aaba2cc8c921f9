"""Zendesk and Jira as the sandbox speaks them, and the control routes."""

from collections import Counter
from datetime import timedelta

import httpx
import pytest
from vendor_client import JIRA, NOW, START, FakeData, Serve, iso, jira_search, zendesk, zendesk_export

from sandbox.serving.server import create_app
from sandbox.serving.state import SandboxState
from sandbox.vendors import VENDORS
from sandbox.vendors.limits import Limit, Limiter


def test_zendesk_cursor_export_gives_every_ticket_once_and_leaves_out_the_last_minute(
    client: httpx.Client, sandbox: SandboxState
) -> None:
    pages, tickets = zendesk_export(client, "tickets", per_page=4, include="metric_sets")
    assert [ticket["id"] for ticket in tickets] == list(range(1, 26))
    assert "metric_set" not in tickets[0]
    assert [row["ticket_id"] for page in pages for row in page["metric_sets"]] == list(range(1, 26))
    assert pages[0]["after_url"].startswith(
        str(client.base_url.join("/zendesk/api/v2/incremental/tickets/cursor.json?include="))
    )
    cursor = pages[-1]["after_cursor"]
    sandbox.now = NOW + timedelta(minutes=1)
    url = "/zendesk/api/v2/incremental/tickets/cursor.json"
    later = client.get(url, params={"cursor": cursor}, headers=zendesk(client)).json()
    assert [ticket["id"] for ticket in later["tickets"]] == [99]
    nothing = client.get(url, params={"cursor": later["after_cursor"]}, headers=zendesk(client)).json()
    assert (nothing["tickets"], nothing["end_of_stream"], nothing["after_cursor"]) == (
        [],
        True,
        later["after_cursor"],
    )


def test_zendesk_time_export_repeats_the_rows_of_the_last_second(client: httpx.Client) -> None:
    headers = zendesk(client)
    url = "/zendesk/api/v2/incremental/ticket_events.json?start_time=0&per_page=7&include=comment_events"
    seen: Counter[int] = Counter()
    while True:
        page = client.get(url, headers=headers).json()
        seen.update(row["id"] for row in page["ticket_events"])
        assert page["count"] == len(page["ticket_events"])
        if page["end_of_stream"]:
            break
        assert page["next_page"] != url
        url = page["next_page"]
    assert set(seen) == set(range(1, 26))
    assert max(seen.values()) > 1
    quiet = client.get("/zendesk/api/v2/incremental/ticket_events.json?start_time=0", headers=headers).json()
    assert [event["event_type"] for event in quiet["ticket_events"][0]["child_events"]] == ["Create"]


def test_zendesk_ratings_counts_and_bad_times(client: httpx.Client) -> None:
    headers = zendesk(client)
    url = "/zendesk/api/v2/satisfaction_ratings.json?page[size]=10"
    ids: list[int] = []
    while url:
        page = client.get(url, headers=headers).json()
        ids += [row["id"] for row in page["satisfaction_ratings"]]
        assert page["meta"]["has_more"] == (page["links"]["next"] is not None)
        url = page["links"]["next"] or ""
    assert ids == list(range(1, 26))
    assert client.get("/zendesk/api/v2/tickets/count.json", headers=headers).json()["count"]["value"] == 26
    assert client.get("/zendesk/api/v2/users/me.json", headers=headers).json()["user"]["role"] == "admin"
    soon = int(NOW.timestamp())
    url = "/zendesk/api/v2/incremental/organizations.json"
    too_recent = client.get(url, params={"start_time": soon}, headers=headers)
    assert (too_recent.status_code, too_recent.json()["error"]) == (422, "StartTimeTooRecent")
    bad = client.get("/zendesk/api/v2/incremental/tickets/cursor.json?cursor=nonsense", headers=headers)
    assert bad.status_code == 400


def test_zendesk_allows_ten_exports_a_minute_and_says_how_long_to_wait(data: FakeData, serve: Serve) -> None:
    client = serve(create_app(SandboxState(data, NOW, pace=1)))
    headers = zendesk(client)
    url = "/zendesk/api/v2/incremental/organizations.json?start_time=0"
    answers = [client.get(url, headers=headers) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429]
    assert answers[0].headers["ratelimit-remaining"] == "9"
    assert 55 <= int(answers[-1].headers["retry-after"]) <= 60
    assert client.get("/zendesk/api/v2/users/me.json", headers=headers).status_code == 200


def test_the_pace_shortens_the_windows_of_limits() -> None:
    seconds = [0.0]
    limiter = Limiter(pace=60, clock=lambda: seconds[0])
    limit = Limit("exports", 2, 60)
    assert [limiter.take(limit).retry_after for _ in range(3)] == [None, None, 1.0]
    seconds[0] = 1.0
    assert limiter.take(limit).retry_after is None


def test_tokens_live_as_long_as_they_say(data: FakeData, serve: Serve) -> None:
    client = serve(create_app(SandboxState(data, NOW, token_seconds=0.0)))
    assert (
        client.get("/zendesk/api/v2/users/me.json", headers=zendesk(client)).json()["error"]
        == "invalid_token"
    )


def test_jira_search_pages_by_token_until_none_is_left(client: httpx.Client) -> None:
    since = int((START + timedelta(hours=5)).timestamp() * 1000)
    query = f"updated >= {since} AND updated < {since + 10 * 3_600_000} ORDER BY updated ASC, id"
    seen: list[str] = []
    token: str | None = None
    while True:
        body = {"jql": query, "fields": ["*all"], "maxResults": 7} | (
            {"nextPageToken": token} if token else {}
        )
        page = jira_search(client, **body).json()
        assert "total" not in page
        seen += [issue["id"] for issue in page["issues"]]
        token = page.get("nextPageToken")
        assert page["isLast"] == (token is None)
        if token is None:
            break
    assert seen == [str(n) for n in range(15, 45)]
    counted = client.post("/jira/rest/api/3/search/approximate-count", json={"jql": query}, auth=JIRA)
    assert counted.json() == {"count": 30}
    wrong = jira_search(
        client,
        jql="project = WEB",
        nextPageToken=jira_search(client, jql=query, maxResults=1).json()["nextPageToken"],
    )
    assert wrong.status_code == 400


def test_jira_gives_ids_only_unless_fields_are_asked_for(client: httpx.Client) -> None:
    query = "id in (1, WEB-2) ORDER BY id DESC"
    assert jira_search(client, jql=query).json()["issues"] == [{"id": "2"}, {"id": "1"}]
    named = client.get(
        "/jira/rest/api/3/search/jql", params={"jql": query, "fields": "summary,updated"}, auth=JIRA
    ).json()
    assert set(named["issues"][0]["fields"]) == {"summary", "updated"}
    # Pages of whole issues shrink, those of ids do not.
    assert (
        len(jira_search(client, jql="project = WEB", fields=["*all"], maxResults=500).json()["issues"]) == 100
    )
    assert len(jira_search(client, jql="project = WEB", maxResults=500).json()["issues"]) == 130


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("", "Unbounded"),
        ("ORDER BY updated", "Unbounded"),
        ("updated since yesterday", "expecting operator"),
        ("squad = web", "does not exist"),
        ("updated >= tomorrow", "Date value"),
        ("project = WEB ORDER BY squad", "Not able to sort"),
    ],
)
def test_jira_refuses_queries_it_does_not_understand(client: httpx.Client, query: str, reason: str) -> None:
    response = jira_search(client, jql=query)
    assert response.status_code == 400
    assert reason in response.json()["errorMessages"][0]


def test_jira_dates_are_in_the_time_zone_of_the_account(client: httpx.Client) -> None:
    berlin = client.get("/jira/rest/api/3/myself", auth=JIRA).json()
    assert berlin["timeZone"] == "Europe/Berlin"
    local = (START + timedelta(hours=41)).strftime("%Y-%m-%d %H:%M")
    assert len(jira_search(client, jql=f'updated >= "{local}"').json()["issues"]) == 14


def test_jira_changelogs_come_in_bulk_with_epoch_milliseconds(client: httpx.Client) -> None:
    asked = {"issueIdsOrKeys": ["1", "WEB-2", "3"], "fieldIds": ["status"], "maxResults": 2}
    first = client.post("/jira/rest/api/3/changelog/bulkfetch", json=asked, auth=JIRA).json()
    second = client.post(
        "/jira/rest/api/3/changelog/bulkfetch",
        json=asked | {"nextPageToken": first["nextPageToken"]},
        auth=JIRA,
    ).json()
    assert "nextPageToken" not in second
    logs = first["issueChangeLogs"] + second["issueChangeLogs"]
    assert [log["issueId"] for log in logs] == ["1", "2", "3"]
    assert logs[0]["changeHistories"][0]["created"] == int(START.timestamp() * 1000)
    many = {"issueIdsOrKeys": [str(n) for n in range(1001)]}
    assert client.post("/jira/rest/api/3/changelog/bulkfetch", json=many, auth=JIRA).status_code == 400


def test_jira_boards_sprints_versions_and_the_removed_search(client: httpx.Client) -> None:
    boards = client.get("/jira/rest/agile/1.0/board", auth=JIRA).json()
    assert [board["id"] for board in boards["values"]] == [1, 2]
    sprints = client.get("/jira/rest/agile/1.0/board/1/sprint?maxResults=20", auth=JIRA).json()
    assert (len(sprints["values"]), sprints["isLast"]) == (20, False)
    rest = client.get("/jira/rest/agile/1.0/board/1/sprint?startAt=20&maxResults=20", auth=JIRA).json()
    assert (len(rest["values"]), rest["isLast"]) == (10, True)
    for project in ("1", "WEB"):
        assert client.get(f"/jira/rest/api/3/project/{project}/version", auth=JIRA).json()["total"] == 60
    assert client.get("/jira/rest/api/3/project/NONE/version", auth=JIRA).status_code == 404
    assert client.get("/jira/rest/api/3/search?jql=project=WEB", auth=JIRA).status_code == 410
    assert client.post("/jira/rest/api/2/search", json={}, auth=JIRA).status_code == 410


def test_records_are_read_once_until_the_clock_moves(client: httpx.Client, data: FakeData) -> None:
    for _ in range(3):
        jira_search(client, jql="project = WEB")
    assert data.reads["jira", "issues"] == 1
    moved = client.post("/_sandbox/clock", json={"now": iso(START + timedelta(hours=2))})
    assert moved.json()["now"] == (START + timedelta(hours=2)).isoformat()
    assert len(jira_search(client, jql="project = WEB", maxResults=500).json()["issues"]) == 8
    assert client.post("/_sandbox/clock", json={"now": "2026-11-14"}).status_code == 400


def test_control_routes_report_health_and_requests(client: httpx.Client) -> None:
    client.get("/jira/rest/api/3/status", auth=JIRA)
    assert client.get("/_sandbox/health").json()["vendors"] == list(VENDORS)
    assert client.get("/_sandbox/requests").json()["requests"] == {"jira": {"GET /rest/api/3/status": 1}}
