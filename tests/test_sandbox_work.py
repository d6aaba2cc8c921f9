"""The sandbox's CRM, help desk and tracker: the mess is there, and states agree with histories."""

import itertools
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from sandbox.company import catalogue
from sandbox.company.company import Company
from sandbox.company.delivery.model import STATUSES, category
from sandbox.company.work_time import BERLIN, local_date
from sandbox.serving.data import CompanyData
from sandbox.vendors.record import Record
from tests.nights import night_moment

NIGHTS = (date(2026, 11, 14), date(2026, 11, 15), date(2026, 11, 16))
STREAMS = {
    "hubspot": ("companies", "contacts", "deals", "owners", "associations"),
    "zendesk": (
        "tickets",
        "ticket_events",
        "ticket_metric_events",
        "users",
        "organizations",
        "satisfaction_ratings",
    ),
    "jira": (
        "projects",
        "boards",
        "statuses",
        "fields",
        "issue_types",
        "issues",
        "changelogs",
        "sprints",
        "versions",
    ),
}


@pytest.fixture(scope="module")
def company() -> Company:
    return Company.create("small")


def bodies(company: Company, vendor: str, stream: str, night: date = NIGHTS[-1]) -> dict[str, dict]:
    return {
        record.id: record.body for record in CompanyData(company).records(vendor, stream, night_moment(night))
    }


def every_stream() -> Iterator[tuple[str, str]]:
    return ((vendor, stream) for vendor, streams in STREAMS.items() for stream in streams)


@pytest.mark.parametrize(("vendor", "stream"), list(every_stream()))
def test_every_stream_has_records_of_the_past_with_ids_of_their_own(
    company: Company, vendor: str, stream: str
) -> None:
    now = night_moment(NIGHTS[0])
    records = CompanyData(company).records(vendor, stream, now)
    assert records
    assert len({record.id for record in records}) == len(records)
    assert max(record.updated_at for record in records) <= now
    assert all(record.updated_at.tzinfo is UTC for record in records)
    json.dumps([record.body for record in records])


def test_an_unknown_stream_is_empty(company: Company) -> None:
    assert not any(
        CompanyData(company).records(vendor, "nothing", night_moment(NIGHTS[0])) for vendor in STREAMS
    )


def test_the_same_seed_makes_the_same_records_and_another_seed_does_not() -> None:
    def shown(seed: int) -> list[list[tuple]]:
        other = Company.create("small", seed)
        now = night_moment(NIGHTS[1])
        return [
            [
                (record.id, record.updated_at, json.dumps(record.body))
                for record in CompanyData(other).records(vendor, stream, now)
            ]
            for vendor, stream in every_stream()
        ]

    assert shown(7) == shown(7)
    assert shown(7) != shown(8)


def test_the_past_does_not_depend_on_when_it_is_looked_at(company: Company) -> None:
    before = CompanyData(company).records("zendesk", "tickets", night_moment(NIGHTS[0]))
    CompanyData(company).records("zendesk", "tickets", night_moment(NIGHTS[2]))
    again = CompanyData(company).records("zendesk", "tickets", night_moment(NIGHTS[0]))
    assert [record.body for record in before] == [record.body for record in again]


@pytest.mark.parametrize("night", NIGHTS)
def test_an_issue_is_in_the_state_that_its_changelog_ends_in(company: Company, night: date) -> None:
    issues = bodies(company, "jira", "issues", night)
    histories: dict[str, list[dict]] = {}
    for body in bodies(company, "jira", "changelogs", night).values():
        histories.setdefault(body["issueId"], []).append(body)
    for issue_id, issue in issues.items():
        fields = issue["fields"]
        own = sorted(
            histories.get(issue_id, []), key=lambda body: (_moment(body["created"]), int(body["id"]))
        )
        assert fields["updated"] == (own[-1]["created"] if own else fields["created"])
        for field, shown in (("status", fields["status"]["id"]), ("duedate", fields["duedate"])):
            items = [item for body in own for item in body["items"] if item["field"] == field]
            assert not items or items[-1]["to"] == shown
            assert all(one["to"] == other["from"] for one, other in itertools.pairwise(items))
        resolutions = [
            (body, item) for body in own for item in body["items"] if item["field"] == "resolution"
        ]
        resolved = resolutions[-1][0]["created"] if resolutions and resolutions[-1][1]["to"] else None
        assert fields["resolutiondate"] == resolved
        assert (fields["resolution"] is None) == (resolved is None)


@pytest.mark.parametrize("night", NIGHTS)
def test_a_ticket_is_in_the_state_that_its_events_end_in(company: Company, night: date) -> None:
    events: dict[int, list[dict]] = {}
    for record in CompanyData(company).records("zendesk", "ticket_events", night_moment(night)):
        events.setdefault(record.body["ticket_id"], []).append(record.body)
    tickets = bodies(company, "zendesk", "tickets", night)
    assert {str(ticket_id) for ticket_id in events} == set(tickets)
    for ticket_id, audits in events.items():
        ticket = tickets[str(ticket_id)]
        children = [child for audit in audits for child in audit["child_events"]]
        statuses = [child for child in children if "status" in child]
        assert statuses[0]["event_type"] == "Create"
        assert statuses[-1]["status"] == ticket["status"]
        assert all(one["status"] == other["previous_value"] for one, other in itertools.pairwise(statuses))
        assert audits[0]["created_at"] == ticket["created_at"]
        assert audits[-1]["timestamp"] == ticket["generated_timestamp"]
        assert [child["event_type"] for child in audits[0]["child_events"]].count("Comment") == 1
        tags = [child["tags"] for child in children if "tags" in child]
        assert ticket["tags"] == (tags[-1] if tags else [])


def test_tickets_have_the_planted_mess(company: Company) -> None:
    tickets = list(bodies(company, "zendesk", "tickets").values())
    feature_tags = {tag: feature.id for feature in catalogue.FEATURES for tag in feature.ticket_tags}
    features = [{feature_tags[tag] for tag in ticket["tags"] if tag in feature_tags} for ticket in tickets]
    assert any(len(named) == 2 for named in features)
    assert any(not named for named in features)
    assert any(ticket["organization_id"] is None for ticket in tickets)
    assert any("spam" in ticket["tags"] for ticket in tickets)
    assert any("closed_by_merge" in ticket["tags"] for ticket in tickets)
    assert {"new", "open", "pending", "solved", "closed", "deleted"} <= {
        ticket["status"] for ticket in tickets
    }
    assert any(ticket["submitter_id"] != ticket["requester_id"] for ticket in tickets)
    assert any(ticket["metric_set"]["reopens"] for ticket in tickets)
    assert any(_zulu(ticket["updated_at"]) < ticket["generated_timestamp"] for ticket in tickets)
    audits = list(bodies(company, "zendesk", "ticket_events").values())
    comments = [(audit["via"]["channel"], child) for audit in audits for child in audit["child_events"]
                if child["event_type"] == "Comment"]  # fmt: skip
    assert any(channel == "rule" and child["public"] for channel, child in comments)
    assert any(not child["public"] for _, child in comments)
    changes = {
        (child.get("previous_value"), child.get("status"))
        for audit in audits
        for child in audit["child_events"]
    }
    assert {("solved", "open"), ("pending", "closed"), ("open", "hold")} <= changes
    now = night_moment(NIGHTS[-1])
    unsolved = [
        t
        for t in company.support.tickets
        if t.kind == "never_replied" and t.created_at < now - timedelta(days=9)
    ]
    assert unsolved
    assert all(t.at(now).status == "new" for t in unsolved)


def test_customers_of_the_help_desk_have_the_planted_mess(company: Company) -> None:
    users = list(bodies(company, "zendesk", "users").values())
    customers = [user for user in users if user["role"] == "end-user"]
    assert {"agent", "admin", "end-user"} == {user["role"] for user in users}
    assert any(user["email"] != user["email"].lower() for user in customers)
    assert 0 < sum(user["external_id"] is None for user in customers) < len(customers)
    organizations = list(bodies(company, "zendesk", "organizations").values())
    by_domain = [o for o in organizations if o["external_id"] is None and o["domain_names"]]
    domains = {
        record.body["properties"]["domain"].lower()
        for record in CompanyData(company).records("hubspot", "companies", night_moment(NIGHTS[-1]))
    }
    assert any(set(o["domain_names"]) & domains for o in by_domain)
    assert any(not set(o["domain_names"]) & domains for o in by_domain)
    assert any(o["external_id"] is None and not o["domain_names"] for o in organizations)
    scores = {body["score"] for body in bodies(company, "zendesk", "satisfaction_ratings").values()}
    assert {"offered", "good", "bad"} <= scores


def test_promises_of_the_help_desk_are_kept_broken_paused_and_not_made(company: Company) -> None:
    events = list(bodies(company, "zendesk", "ticket_metric_events").values())
    tickets = bodies(company, "zendesk", "tickets")
    clocks: dict[tuple[int, str, int], list[dict]] = {}
    for event in sorted(events, key=lambda event: event["id"]):
        clocks.setdefault((event["ticket_id"], event["metric"], event["instance_id"]), []).append(event)
    stories = {tuple(event["type"] for event in clock) for clock in clocks.values()}
    kept, broken = ("activate", "apply_sla", "fulfill", "update_status"), ("activate", "apply_sla", "breach")
    assert {kept, ("activate", "fulfill", "update_status")} <= stories
    assert any(story[:3] == broken for story in stories)
    assert any({"pause", "apply_sla", "fulfill"} <= set(story) for story in stories)
    for (ticket, _, instance), clock in clocks.items():
        times = [event["time"] for event in clock]
        assert times == sorted(times)
        promised = any(event["type"] == "apply_sla" for event in clock)
        assert promised == (instance == 1 and tickets[str(ticket)]["priority"] is not None)


def test_the_crm_has_the_planted_mess(company: Company) -> None:
    companies = bodies(company, "hubspot", "companies")
    contacts = bodies(company, "hubspot", "contacts")
    for things in (companies, contacts):
        merged = {thing_id: body["properties"]["hs_merged_object_ids"] for thing_id, body in things.items()}
        assert any(merged.values())
        assert all(
            things[loser]["archived"] for losers in merged.values() for loser in losers.split(";") if loser
        )
    values = [value for thing in (companies, contacts, bodies(company, "hubspot", "deals"))
              for body in thing.values() for value in body["properties"].values()]  # fmt: skip
    assert all(value is None or isinstance(value, str) for value in values)
    live = [body["properties"] for body in contacts.values() if not body["archived"]]
    assert any(
        properties["email"] and properties["email"] != properties["email"].lower() for properties in live
    )
    assert any(properties["app_user_id"] is None for properties in live)
    assert any(body["archived"] for body in bodies(company, "hubspot", "deals").values())
    assert any(body["archived"] for body in bodies(company, "hubspot", "owners").values())
    gone = set(bodies(company, "hubspot", "associations", NIGHTS[1])) - set(
        bodies(company, "hubspot", "associations")
    )
    cut = [association.split(":")[1] for association in gone if association.startswith("contacts:")]
    assert any(contacts[contact_id]["archived"] is False for contact_id in cut)


def test_issues_have_the_planted_mess(company: Company) -> None:
    now = night_moment(NIGHTS[-1])
    issues = [issue for issue in company.delivery.issues if issue.created_at <= now]
    changes = {
        (change.before, change.after)
        for issue in issues
        for history in issue.histories
        for change in history.changes
        if history.at <= now and change.name == "status"
    }
    assert {
        ("To Do", "Done"),
        ("In Progress", "To Do"),
        ("In Progress", "Blocked by Vendor"),
        ("Done", "In Progress"),
    } <= changes
    assert {"Won't Do", "Duplicate"} <= {issue.at(now).resolution for issue in issues}
    states = [issue.at(now) for issue in issues]
    assert any(category(state.status) == "done" and state.resolved_at is None for state in states)
    assert any(state.status == "Blocked by Vendor" for state in states)
    assert {issue.level for issue in issues} == {-1, 0, 1}
    assert any(state.versions and state.due is None for state in states)
    moves = [
        (history.at, change.before)
        for issue in issues
        for history in issue.histories
        for change in history.changes
        if change.name == "due" and change.before and change.after
    ]
    assert any(local_date(at) > day for at, day in moves)
    assert any(local_date(at) < day for at, day in moves)
    mapped = {name.lower() for stage in catalogue.STAGES for name in stage.statuses}
    assert [name for name in STATUSES if name.lower() not in mapped] == ["Blocked by Vendor"]


def test_histories_of_one_moment_are_told_apart_by_ids_that_sort_as_numbers_only(company: Company) -> None:
    pairs = [
        (one.id, other.id)
        for issue in company.delivery.issues
        for one, other in zip(issue.histories, issue.histories[1:], strict=False)
        if one.at == other.at
    ]
    assert pairs
    assert all(one < other for one, other in pairs)
    assert (99_999, 100_000) in pairs


def test_epics_of_features_have_the_keys_of_the_registry(company: Company) -> None:
    epics = {issue.key for issue in company.delivery.issues if issue.level == 1}
    linked = {key for feature in catalogue.FEATURES for key in feature.epics}
    assert linked <= epics
    assert len(epics) > len(linked)
    for project in company.delivery.projects:
        numbers = sorted(issue.number for issue in company.delivery.issues if issue.project is project)
        assert numbers == list(range(1, len(numbers) + 1))
    others = [i for i in company.delivery.issues if i.level == 1 and i.key not in linked]
    released = [
        any(v.is_released(night_moment(NIGHTS[-1])) for v in issue.first.versions) for issue in others
    ]
    assert any(released)
    assert not all(released)


def test_something_happens_between_the_nights(company: Company) -> None:
    first, last = night_moment(NIGHTS[0]), night_moment(NIGHTS[-1])
    updated = {
        (vendor, stream)
        for vendor, stream in every_stream()
        if any(
            first < record.updated_at <= last for record in CompanyData(company).records(vendor, stream, last)
        )
    }
    assert {
        ("zendesk", "tickets"), ("zendesk", "ticket_events"), ("zendesk", "organizations"), ("jira", "issues"),
        ("jira", "changelogs"), ("jira", "versions"), ("hubspot", "companies"), ("hubspot", "contacts"),
        ("hubspot", "deals"), ("hubspot", "associations"),
    } <= updated  # fmt: skip
    before, after = bodies(company, "zendesk", "tickets", NIGHTS[0]), bodies(company, "zendesk", "tickets")
    assert [key for key in before if before[key]["status"] != "deleted" and after[key]["status"] == "deleted"]
    assert [key for key in before if "closed_by_merge" in set(after[key]["tags"]) - set(before[key]["tags"])]


def test_no_fact_without_history_changes_in_the_hours_in_which_nights_are_read(company: Company) -> None:
    for ticket in company.support.tickets:
        for audit in ticket.audits[1:]:
            if {"tags", "organization"} & set(audit.fields) or audit.fields.get("status") == "deleted":
                assert audit.at.astimezone(BERLIN).hour >= 2
    for version in company.delivery.versions:
        assert version.released_at is None or version.released_at.astimezone(BERLIN).hour >= 2
    for issue in company.delivery.issues:
        for history in issue.histories:
            if {"versions", "sprints"} & {change.name for change in history.changes}:
                assert history.at.astimezone(BERLIN).hour >= 2


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z")


def _zulu(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def test_records_are_the_companys_own_kind(company: Company) -> None:
    assert all(
        isinstance(record, Record)
        for record in CompanyData(company).records("jira", "issues", night_moment(NIGHTS[0]))
    )


@pytest.mark.parametrize("seed", [1, 5, 11])
def test_any_seed_makes_a_roadmap(seed: int) -> None:
    """Of these seeds a team's tracker has no open issue left for every item that is planted."""
    roadmap = Company.create("small", seed=seed).roadmap
    assert {"Begun on a Saturday", "Moved on a Sunday"} <= {item.first.name for item in roadmap.features}
    assert len({connection.issue_id for connection in roadmap.connections}) > 20
