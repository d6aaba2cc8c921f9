"""The right answers about support and delivery, and the stories that a good report must reveal."""

from collections import Counter
from datetime import date, timedelta

import pytest

from sandbox.company.company import Company
from sandbox.company.work_time import local, local_date
from sandbox.truth.delivery import truth_rows as delivery_truth
from sandbox.truth.epics import kaplan_meier_median
from sandbox.truth.feedback import feedback_items
from sandbox.truth.feedback import truth_rows as feedback_truth
from sandbox.truth.issues import issue_facts
from sandbox.truth.support import ticket_facts
from tests.nights import night_moment

NIGHTS = (date(2026, 11, 14), date(2026, 11, 15), date(2026, 11, 16))


@pytest.fixture(scope="module")
def company() -> Company:
    return Company.create("small")


def test_changes_after_midnight_belong_to_the_next_night(company: Company) -> None:
    for night, summary in zip(NIGHTS[:2], ("first", "second"), strict=True):
        for as_of, is_done in ((night, False), (night + timedelta(days=1), True)):
            facts = issue_facts(company, as_of, night_moment(as_of))
            (issue,) = [f for f in facts if f.issue.summary == f"Done after the {summary} night's midnight"]
            assert issue.is_done is is_done
    facts = issue_facts(company, NIGHTS[2], night_moment(NIGHTS[2]))
    (moved,) = [f for f in facts if f.issue.summary == "Due date moved after the third night's midnight"]
    assert moved.last_due == date(2026, 11, 12)
    (unpromised,) = [f for f in facts if f.issue.summary == "First due date after the third night's midnight"]
    assert unpromised.first_due is None
    assert not unpromised.is_done


def test_the_launch_is_followed_by_a_surge_of_tickets(company: Company) -> None:
    tickets = ticket_facts(company, NIGHTS[-1], night_moment(NIGHTS[-1]))
    days = Counter(local_date(t.created_at) for t in tickets if t.feature_id == "timeline")
    launch = date(2026, 9, 29)
    surge = sum(days[launch + timedelta(days=place)] for place in range(21))
    after = sum(days[launch + timedelta(days=place)] for place in range(21, 42))
    assert not any(day < launch - timedelta(days=1) for day in days)
    assert surge >= 10
    assert surge >= 2 * after


def test_the_due_dates_of_one_team_slip() -> None:
    company = Company.create("demo")
    facts = [
        f
        for f in issue_facts(company, NIGHTS[-1], night_moment(NIGHTS[-1]))
        if f.issue.level == 0 and f.first_due and f.is_delivered
    ]
    assert len(facts) > 500

    def kept(team_id: str, is_team: bool) -> float:
        own = [f for f in facts if (f.team_id == team_id) is is_team]
        return sum(
            f.resolved_at is not None and local_date(f.resolved_at) <= (f.first_due or date.min) for f in own
        ) / len(own)

    assert kept("cosmos", True) < 0.4 < 0.7 < kept("cosmos", False)


def test_the_week_of_the_clock_change_is_cut_at_local_midnight(company: Company) -> None:
    (issue,) = [
        f
        for f in issue_facts(company, NIGHTS[-1], night_moment(NIGHTS[-1]))
        if f.issue.summary == "Worked on while the clock was set back"
    ]
    assert issue.resolved_at is not None
    assert local_date(issue.resolved_at) == date(2026, 10, 25)
    assert issue.stage_seconds["build"] == 3600
    assert issue.issue.first.due == date(2026, 10, 25)


def test_the_survival_median_waits_for_those_who_are_still_waiting() -> None:
    assert kaplan_meier_median([(1, True), (2, True), (3, True), (4, True)]) == 2
    assert kaplan_meier_median([(1, True), (5, False), (5, False)]) is None
    # At day 3 three are at risk: one of them leaves unlaunched on that day, and counts as still there.
    assert kaplan_meier_median([(1, True), (3, False), (3, True), (9, True)]) == 3
    assert kaplan_meier_median([]) is None


def test_a_ticket_named_late_gets_its_account_with_the_next_night(company: Company) -> None:
    organization = next(
        o for o in company.support.organizations if o.external_id_since == local("2026-11-15 11:00")
    )
    assert organization.account_index_at(night_moment(NIGHTS[1])) is None
    assert organization.account_index_at(night_moment(NIGHTS[2])) == organization.account_index


def test_delivery_truth_has_the_rows_that_are_easy_to_count_by_hand(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.truth.epics._adopted", lambda *_: None)
    rows = delivery_truth(company, NIGHTS[-1], night_moment(NIGHTS[-1]))
    assert {row["period_start"] for row in rows} == {
        date(2026, 9, 21) + timedelta(days=7 * place) for place in range(8)
    }
    keys = [(r["metric"], r["period_start"], r["team_id"], r["stage"]) for r in rows]
    assert len(set(keys)) == len(keys)
    (row,) = [r for r in rows if keys[rows.index(r)] == ("on_time_rate", date(2026, 10, 19), "atlas", None)]
    assert row["numerator"] >= 1
    assert row["value"] == row["numerator"] / row["denominator"]


def test_feedback_is_what_the_tools_still_show(company: Company) -> None:
    before, after = (feedback_items(company, night, night_moment(night)) for night in NIGHTS[1:])
    (deleted,) = [each for each in company.roadmap.feedback.notes if each.deleted_at is not None]
    days = [Counter(item.day for item in items) for items in (before, after)]
    assert days[0][local_date(deleted.created_at)] == days[1][local_date(deleted.created_at)] + 1
    # The only item that a note is about is deleted between the nights.
    (note,) = [
        each
        for each in company.roadmap.feedback.notes
        if any(item.deleted_at is not None for item in each.about)
    ]
    features = [
        Counter(item.feature_id for item in items if item.day == local_date(note.created_at))
        for items in (before, after)
    ]
    assert features[0] - features[1] == {"templates": 1}
    assert features[1] - features[0] == {"(unmapped)": 1}


def test_a_remark_is_feedback_of_the_day_on_which_the_ticket_was_rated(company: Company) -> None:
    rated = [fact for fact in ticket_facts(company, NIGHTS[-1], night_moment(NIGHTS[-1])) if fact.has_remark]
    assert any(
        fact.offered_at and fact.rated_at and local_date(fact.offered_at) < local_date(fact.rated_at)
        for fact in rated
    )
    judged = [
        item
        for item in feedback_items(company, NIGHTS[-1], night_moment(NIGHTS[-1]))
        if item.is_negative is not None
    ]
    assert Counter(item.day for item in judged) == Counter(
        local_date(fact.rated_at) for fact in rated if fact.rated_at is not None
    )
    assert sum(bool(item.is_negative) for item in judged) == sum(not fact.is_good for fact in rated)


def test_feedback_truth_counts_the_features_into_the_whole(company: Company) -> None:
    counts: Counter[tuple[str, date, bool]] = Counter()
    for row in feedback_truth(company, NIGHTS[-1], night_moment(NIGHTS[-1])):
        key = row["metric"], row["period_start"], row["feature_id"] is None
        counts[key] += row["denominator"] or row["numerator"]
    assert {metric for metric, _, _ in counts} == {"feedback_received", "feedback_negative_rate"}
    assert all(count == counts[metric, week, True] for (metric, week, _), count in counts.items())
