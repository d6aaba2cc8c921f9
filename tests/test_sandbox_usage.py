"""The sandbox company's usage: the same every time, with the stories and the mess that a good pipeline must survive."""

import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from sandbox.company import catalogue
from sandbox.company.company import Company
from sandbox.company.usage.days import ANONYMOUS, UNKNOWN_ACCOUNT, ZERO_USER, Batch, concatenate
from sandbox.company.usage.plan import HOUR_MS, ms
from sandbox.company.usage.traits import FUNNEL_KINDS, KIND_OF, KINDS, PASSIVE_KINDS
from sandbox.serving.data import CompanyData
from sandbox.truth import features as truth_features
from sandbox.truth import funnels as truth_funnels
from sandbox.truth import usage as truth_usage
from sandbox.truth.facts import Facts, account_id_of, monday, usage_facts, weeks_before
from tests.nights import night_moment

pytestmark = pytest.mark.slow

AS_OF = date(2026, 11, 16)
AFTERWARDS = datetime(2026, 12, 31, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def company() -> Company:
    return Company.create("small")


@pytest.fixture(scope="module")
def events(company: Company) -> Batch:
    """Everything that happened before the third night."""
    return concatenate([batch for _, batch in company.usage.days(AS_OF)])


@pytest.fixture(scope="module")
def facts(company: Company) -> Facts:
    return usage_facts(company, AS_OF, night_moment(AS_OF))


@pytest.fixture(scope="module")
def exported(company: Company) -> list[dict[str, Any]]:
    """The last week's uploads as the vendor writes them."""
    lines = []
    hour = datetime(2026, 11, 9, tzinfo=UTC)
    while hour < night_moment(AS_OF) - 2 * HOUR:
        for file in CompanyData(company).events("amplitude", hour, AFTERWARDS):
            lines += [{**json.loads(line), "hour": hour} for line in file.splitlines()]
        hour += HOUR
    return lines


def parsed(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S.%f").replace(tzinfo=UTC)


def test_the_same_seed_makes_the_same_company(company: Company) -> None:
    again, other = Company.create("small"), Company.create("small", seed=8)
    assert (again.accounts, again.people) == (company.accounts, company.people)
    hour = datetime(2026, 11, 3, 9, tzinfo=UTC)
    # The hour alone, in a company that made no other day before.
    assert CompanyData(again).events("amplitude", hour, AFTERWARDS) == CompanyData(company).events(
        "amplitude", hour, AFTERWARDS
    )
    assert CompanyData(other).events("amplitude", hour, AFTERWARDS) != CompanyData(company).events(
        "amplitude", hour, AFTERWARDS
    )


def test_an_unknown_scale_is_refused() -> None:
    with pytest.raises(ValueError, match="small, demo, large"):
        Company.create("huge")  # type: ignore[arg-type]


def test_the_size_is_as_announced(company: Company, events: Batch) -> None:
    assert len(company.accounts) == company.size.accounts
    assert len(company.people) == company.size.people
    assert 0.9 < len(events) / company.size.events < 1.15


def test_identifiers_tell_everybody_apart(company: Company) -> None:
    for name in ("app_user_id", "email"):
        assert len({getattr(person, name) for person in company.people}) == len(company.people)
    for name in ("app_account_id", "crm_id", "domain", "name"):
        assert len({getattr(account, name) for account in company.accounts}) == len(company.accounts)


def test_lines_are_events_as_the_vendor_writes_them(company: Company, exported: list[dict[str, Any]]) -> None:
    assert len(exported) > 1000
    for event in exported:
        assert {
            "$insert_id",
            "uuid",
            "event_type",
            "device_id",
            "user_id",
            "groups",
            "user_properties",
        } <= event.keys()
        assert (
            event["hour"] - timedelta(minutes=1) <= parsed(event["server_upload_time"]) < event["hour"] + HOUR
        )
        assert parsed(event["server_received_time"]) <= parsed(event["server_upload_time"])
        assert event["event_properties"]["user_agent"]
    raw = CompanyData(company).events("amplitude", datetime(2026, 11, 3, 9, tzinfo=UTC), AFTERWARDS)[0]
    assert 600 < np.mean([len(line) for line in raw.splitlines()]) < 1100


def test_history_begins_on_its_first_day(company: Company) -> None:
    first = min(
        batch.upload_ms.min() for _, batch in company.usage.days(catalogue.HISTORY_START + timedelta(days=3))
    )
    assert datetime.fromtimestamp(first / 1000, BERLIN).date() == catalogue.HISTORY_START


def test_only_what_was_uploaded_by_now_is_shown(company: Company) -> None:
    hour = datetime(2026, 11, 3, 9, tzinfo=UTC)
    shown = [
        sum(len(file) for file in CompanyData(company).events("amplitude", hour, hour + timedelta(minutes=m)))
        for m in (0, 30, 60)
    ]
    assert 0 <= shown[0] < shown[1] < shown[2]
    assert CompanyData(company).events("amplitude", datetime(2026, 5, 17, 3, tzinfo=UTC), AFTERWARDS) == []


def test_every_event_is_exported_in_the_hour_of_its_upload(company: Company) -> None:
    """Whether days are kept or thrown away, hours hold the same events."""
    usage = Company.create("small").usage
    usage._most_kept = 3
    start = datetime(2026, 10, 20, tzinfo=UTC)
    serials: Counter[int] = Counter()
    for day in range(4):
        serials.update(usage.uploaded_on((start + timedelta(days=day)).date()).serial.tolist())
    whole = concatenate([batch for _, batch in company.usage.days(date(2026, 10, 26))])
    inside = (whole.upload_ms >= ms(start)) & (whole.upload_ms < ms(start + timedelta(days=4)))
    assert serials == Counter(whole.serial[inside].tolist())


def test_weekends_are_quiet(events: Batch) -> None:
    days = Counter(datetime.fromtimestamp(time / 1000, BERLIN).weekday() for time in events.time_ms.tolist())
    assert max(days[5], days[6]) < 0.35 * min(days[weekday] for weekday in range(5))


def test_the_company_grows_and_loses_people(company: Company, facts: Facts) -> None:
    weekly = truth_features.weekly_users(company, AS_OF, night_moment(AS_OF))
    assert weekly[date(2026, 11, 9)] > 1.1 * weekly[date(2026, 5, 25)]
    assert any(person.churned_at for person in company.people)
    assert any(account.churned_on for account in company.accounts)


def test_two_features_are_zombies_in_every_week(company: Company) -> None:
    rows = truth_usage.truth_rows(company, AS_OF, night_moment(AS_OF))
    dead = [row["value"] for row in rows if row["metric"] == "zombie_features" and row["product_id"] is None]
    assert dead == [2] * 8
    users = truth_features.weekly_feature_users(company, AS_OF, night_moment(AS_OF))
    for feature in ("gantt_export", "data_alerts"):
        assert 0 < max(count for (name, _), count in users.items() if name == feature) < 5


def test_timeline_is_taken_up_quickly(company: Company) -> None:
    adoption = truth_features.weekly_feature_adoption(company, AS_OF, night_moment(AS_OF))
    used, eligible = adoption["timeline", date(2026, 10, 12)]
    assert used / eligible > 0.25
    assert ("timeline", date(2026, 9, 21)) not in adoption
    users = truth_features.weekly_feature_users(company, AS_OF, night_moment(AS_OF))
    assert ("timeline", date(2026, 9, 21)) not in users
    assert ("jira_sync", date(2026, 8, 10)) not in users


def test_the_audit_log_is_loved_by_one_segment_only(company: Company) -> None:
    rows = truth_usage.truth_rows(company, AS_OF, night_moment(AS_OF))
    values = {
        row["segment"]: row["value"]
        for row in rows
        if row["metric"] == "feature_adoption_rate"
        and (row["feature_id"], row["period_start"]) == ("audit_log", date(2026, 10, 26))
    }
    assert values["enterprise"] > 0.3
    assert values["smb"] == values["mid_market"] == 0


def test_37_percent_of_those_who_imported_data_leave_before_validation(
    company: Company, facts: Facts
) -> None:
    importers = [attempt for attempt in truth_funnels.best_attempts(facts).values() if len(attempt) >= 3]
    lost = sum(1 for attempt in importers if len(attempt) == 3)
    assert len(importers) > 80
    assert lost / len(importers) == pytest.approx(0.37, abs=0.03)


def test_trials_stand_on_the_edges_of_the_rules(facts: Facts) -> None:
    window = 7 * 24 * HOUR_MS
    best = truth_funnels.best_attempts(facts).values()
    assert any(attempt[-1] - attempt[0] == window for attempt in best)
    assert any(len(attempt) > 1 and attempt[0] == attempt[1] for attempt in best)
    entries = Counter(
        (person, monday_of(time))
        for person, steps in facts.steps.items()
        for time, step in steps
        if step == 0
    )
    assert any(count > 1 for count in entries.values())
    one_late = [
        time - moments[0][0] - window
        for moments in facts.steps.values()
        for time, step in moments
        if step == 3
    ]
    assert 1000 in one_late


def monday_of(time_ms: int) -> date:
    return monday(datetime.fromtimestamp(time_ms / 1000, BERLIN).date())


def test_retired_and_foreign_features_are_still_touched(company: Company, facts: Facts) -> None:
    adoption = truth_features.weekly_feature_adoption(company, AS_OF, night_moment(AS_OF))
    users = truth_features.weekly_feature_users(company, AS_OF, night_moment(AS_OF))
    assert users["webhooks", date(2026, 10, 19)] > 0
    assert ("webhooks", date(2026, 10, 19)) not in adoption
    ineligible = [
        use for use in facts.uses if use.feature_id == "automation" and facts.plan(use.person) == "trial"
    ]
    assert 0 < len(ineligible) < 20


def test_the_mess_of_identities_is_planted(company: Company, events: Batch, facts: Facts) -> None:
    devices = company.usage.devices
    users_of: dict[int, set[int]] = {}
    for device, user in zip(events.device.tolist(), events.user.tolist(), strict=True):
        users_of.setdefault(device, set()).add(user)
    assert sum(len({user for user in users if user >= 0}) > 1 for users in users_of.values()) >= 3
    # Anonymous before a log-in, after one, and on devices where nobody ever logs in.
    assert sum(ANONYMOUS in users and len(users) > 1 for users in users_of.values()) > 50
    assert (
        sum(users == {ANONYMOUS} and "visitor" in devices[device] for device, users in users_of.items()) >= 5
    )
    assert any(person < 0 for person in facts.first_day)
    assert ZERO_USER in events.user
    assert UNKNOWN_ACCOUNT in events.account
    consultants = [person.index for person in company.people if person.second_account_index is not None]
    assert all(len(set(events.account[events.user == index].tolist()) - {-1}) == 2 for index in consultants)
    for what in ("is_internal", "is_bot"):
        assert any(getattr(company.people[user], what) for user in set(events.user.tolist()) if user >= 0)
    assert sum(account.is_test for account in company.accounts) == 2
    assert set(PASSIVE_KINDS) <= set(events.kind.tolist())
    assert {KIND_OF["experiment_seen", None], KIND_OF["report_viewed", "draft"]} <= set(events.kind.tolist())


def test_addresses_are_written_in_several_ways(exported: list[dict[str, Any]]) -> None:
    emails = {event["user_properties"].get("email", "") for event in exported}
    assert len({email.lower() for email in emails}) < len(emails)
    agents = {event["event_properties"]["user_agent"] for event in exported}
    assert any("Googlebot" in agent for agent in agents)
    assert any("HeadlessChrome" in agent for agent in agents)
    assert any(event["groups"] == {} and event["user_id"] for event in exported)


def test_mergers_make_two_people_one(company: Company, facts: Facts) -> None:
    merged = [person for person in company.people if person.merged_into is not None]
    assert len(merged) == 2
    for person in merged:
        assert person.merged_at is not None
        assert person.contact_id
        assert person.contact_has_app_user_id
        assert person.index not in facts.first_day
        assert person.merged_into in facts.first_day
        before_merger = (person.merged_at - timedelta(days=1)).astimezone(BERLIN).date()
        before = usage_facts(company, before_merger, night_moment(before_merger))
        assert person.index in before.first_day
    losers = {account_id_of(account) for account in company.accounts if account.merged_into is not None}
    assert len(losers) == 2
    assert not losers & {use.account_id for use in facts.uses}


def test_two_segments_change_between_the_nights(company: Company, facts: Facts) -> None:
    changed = [account for account in company.accounts if account.segment_changes]
    assert len(changed) == 2
    for account in changed:
        [(moment, segment)] = account.segment_changes
        assert night_moment(date(2026, 11, 14)) < moment < night_moment(date(2026, 11, 16))
        day = moment.astimezone(BERLIN).date()
        assert company.segment_on(account, day, night_moment(AS_OF)) == segment != account.segment
        assert company.segment_on(account, day - timedelta(days=1), night_moment(AS_OF)) == account.segment
        assert company.segment_on(account, day, night_moment(day)) == account.segment


def test_copies_share_the_insert_id_or_the_whole_line(events: Batch, exported: list[dict[str, Any]]) -> None:
    assert len(set(events.serial.tolist())) == len(events)
    assert 0.005 < 1 - len(set(events.insert.tolist())) / len(events) < 0.02
    twice = [uuid for uuid, count in Counter(event["uuid"] for event in exported).items() if count > 1]
    assert twice
    for uuid in twice:
        first, second = (event for event in exported if event["uuid"] == uuid)
        assert second["hour"] - first["hour"] == HOUR
        assert {**first, "hour": None} == {**second, "hour": None}


def test_late_and_future_events(company: Company, events: Batch) -> None:
    delay = np.where(events.is_future, 0, events.upload_ms - events.time_ms) / HOUR_MS
    assert 0.01 < ((delay >= 1) & (delay < 24)).mean() < 0.04
    assert 0.002 < (delay >= 24).mean() < 0.01
    assert (delay >= 240).any()
    assert 5 < events.is_future.sum() < 100
    # Funnels are planned: their steps are never days late.
    assert delay[np.isin(events.kind, FUNNEL_KINDS)].max() < 20
    for night in (date(2026, 11, 14), date(2026, 11, 15), AS_OF):
        arrived = (events.upload_ms >= ms(night_moment(night)) - 26 * HOUR_MS) & (
            events.upload_ms < ms(night_moment(night)) - 2 * HOUR_MS
        )
        assert (arrived & (delay >= 48)).any()


def test_events_stand_on_both_sides_of_midnights(events: Batch) -> None:
    times = set(events.time_ms.tolist())
    for moment in (
        datetime(2026, 10, 24, 22, tzinfo=UTC),
        datetime(2026, 10, 25, 23, tzinfo=UTC),
        datetime(2026, 11, 8, 23, tzinfo=UTC),
    ):
        assert ms(moment) in times
    assert {ms(datetime(2026, 10, 25, hour, 30, tzinfo=UTC)) for hour in (0, 1)} <= times
    after = night_moment(AS_OF) - 2 * HOUR
    assert ms(after) in set(events.upload_ms.tolist())
    assert ms(after) - 100 in set(events.upload_ms.tolist())


def test_a_night_knows_only_what_was_uploaded_before_it(company: Company) -> None:
    earlier, later = (usage_facts(company, day, night_moment(day)) for day in (date(2026, 11, 14), AS_OF))
    lasting = {person for person in earlier.first_day if person in later.first_day}
    grown = [
        person
        for person in lasting
        if {day for day in later.active_days[person] if day < date(2026, 11, 13)}
        - earlier.active_days[person]
    ]
    assert grown
    assert all(day < date(2026, 11, 14) for days in earlier.active_days.values() for day in days)


def test_the_states_of_lifecycle_divide_the_active_users(company: Company) -> None:
    rows = truth_usage.truth_rows(company, AS_OF, night_moment(AS_OF))
    whole = {
        (row["metric"], row["period_start"]): row["value"]
        for row in rows
        if row["segment"] is None and not row["product_id"]
    }
    for week in weeks_before(AS_OF):
        active = [
            row["value"]
            for row in rows
            if row["metric"] == "active_users_week" and row["period_start"] == week
        ]
        states = sum(whole[f"lifecycle_{state}_users", week] for state in ("new", "current", "resurrected"))
        assert states == max(active)
        assert whole["new_users", week] <= whole["lifecycle_new_users", week]


def test_rows_are_told_apart_by_their_dimensions(company: Company) -> None:
    rows = truth_usage.truth_rows(company, AS_OF, night_moment(AS_OF))
    keys = {
        tuple(value for name, value in row.items() if name not in ("value", "numerator", "denominator"))
        for row in rows
    }
    assert len(keys) == len(rows)
    for row in rows:
        # A quick ratio is one number over another, not a part of a whole.
        is_share = row["metric"].endswith(("_rate", "_ratio")) and not row["metric"].endswith("_quick_ratio")
        if row["denominator"] is not None and is_share:
            assert 0 <= row["numerator"] <= row["denominator"]


def test_the_survival_median_counts_those_who_wait() -> None:
    assert truth_features.survival_median([(1, True), (2, True), (9, False), (9, False)]) == 2
    assert truth_features.survival_median([(1, True), (9, False), (9, False)]) is None
    # Who was seen for less time than the others is no longer at risk.
    assert truth_features.survival_median([(1, False), (1, False), (4, True)]) == 4


def test_every_mapped_event_of_the_registry_happens(events: Batch) -> None:
    happened = {KINDS[kind] for kind in set(events.kind.tolist())}
    assert {kind for kind in KINDS if kind.feature_id} <= happened
