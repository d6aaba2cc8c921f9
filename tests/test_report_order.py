"""What a page begins with: how objectives stand, what is asked of whom, who is at stake, and what is on its way."""

from datetime import date, timedelta

import duckdb
import pandas as pd
import pytest

from connectors.registry.remarks import Remark
from reports.customer_section import customers
from reports.facts import Facts, facts_of
from reports.headlines import headlines
from reports.health import render
from reports.model import HealthReport, Target
from reports.month_section import months
from reports.objectives import decisions, objectives
from reports.sections import Table
from reports.support_section import support
from reports.work_section import forecast, in_flight
from tests.reports_fixture import WEEK, report, values

AS_OF = date(2026, 11, 16)


def account(name: str, revenue: float, **changes: object) -> dict[str, object]:
    given = {"account_id": name, "account_name": name, "last_arr_home": revenue, "is_churned": False, "churned_on": None, "is_quiet": False,
             "renews_on": None, "is_renewing": None, "users": 10.0, "users_before": 10.0, "open_ticket_count": 0, "is_use_known": True,
             "last_active_week": WEEK, "detractor_count": 0,
             "is_customer": not changes.get("is_churned") and revenue != 0}  # fmt: skip
    return {**given, **changes}


def issue(key: str, created: date, **changes: object) -> dict[str, object]:
    given = {"tracker": "jira", "issue_key": key, "team_id": "atlas", "feature_id": "board", "hierarchy_level": 0, "stage": "build", "status_category": "indeterminate",
             "created_date": created, "started_date": created, "first_due_date": None, "last_due_date": None, "resolved_date": None, "is_resolved": False, "is_delivery": True}  # fmt: skip
    return {**given, **changes}


FACTS = Facts(
    accounts=pd.DataFrame(
        [
            account("Falcon", 900.0, is_quiet=True, last_active_week=date(2026, 10, 19)),
            account("Heron", 500.0, detractor_count=2),
            account("Ibis", 100.0, is_churned=True, churned_on=date(2026, 11, 2), is_quiet=None),
            account("Jay", 70.0, is_churned=True, churned_on=date(2026, 1, 2), is_quiet=None),
        ]
    ),
    issues=pd.DataFrame(
        [
            issue("ATL-1", AS_OF - timedelta(days=100), hierarchy_level=1),
            *(
                issue(f"ATL-{2 + place}", date(2026, 1, 1), hierarchy_level=1, is_resolved=True, resolved_date=date(2026, 1, 1) + timedelta(days=days))
                for place, days in enumerate((50, 110, 120, 130, 140, 150))
            ),
            issue("ATL-10", AS_OF - timedelta(days=20), first_due_date=date(2026, 11, 1)),
            issue("ATL-11", AS_OF - timedelta(days=40), first_due_date=date(2026, 12, 1)),
            issue("COS-1", AS_OF - timedelta(days=60), team_id="cosmos", tracker="jira_eu"),
        ]
    ),
    tickets=pd.DataFrame(
        [("board", "speed", AS_OF - timedelta(days=days)) for days in (1, 8, 100)] + [("timeline", "(no theme)", AS_OF)],
        columns=["feature_id", "theme_id", "created_date"],
    ),
)  # fmt: skip
OPEN = report(
    facts=FACTS,
    currency="EUR",
    issue_urls={"jira": "https://tracker.example/{key}", "jira_eu": "https://eu.example/{key}"},
)


def test_an_objective_is_to_act_on_when_it_is_missed_more_often_than_by_chance() -> None:
    rows = values()
    missed = (rows["metric"] == "csat_rate") & rows["feature_id"].isna() & (rows["period_start"] == WEEK)
    rows.loc[missed, "value"] = 0.6
    made = report(
        values=rows,
        targets={"new_users": Target(at_least=30), "csat_rate": Target(at_least=0.7), "on_time_rate": Target(at_least=0.8)},
    )  # fmt: skip
    # On time 70% in all 13 weeks; satisfaction missed once; 40 new people in each week.
    assert [(each.metric, each.status, each.missed, each.periods) for each in objectives(made)] == [
        ("on_time_rate", "act", 13, 13), ("csat_rate", "watch", 1, 13), ("new_users", "on_track", 0, 13),
    ]  # fmt: skip
    minute = render(made).split('id="minute"')[1].split("</section>")[0]
    assert "missed in 13 of 13" in minute
    assert "cosmos keeps 40% of its first due dates" in minute


def test_a_decision_is_asked_where_there_is_no_next_step_or_its_day_is_over() -> None:
    key = "on_time_rate/team_id=cosmos/apart"
    step = Remark(id="a", finding=key, text="Agree on dates.", owner="team:connect", due=date(2026, 11, 13))
    asked = decisions(report(remarks=(step,)))
    assert "Due on 13 Nov 2026, done? Agree on dates. (connect)" in asked
    assert not any("what is the next step? cosmos" in each for each in asked)
    assert any(
        each.startswith("product-ops: what is the next step? cosmos keeps") for each in decisions(report())
    )
    later = step.model_copy(update={"due": date(2026, 12, 1)})
    assert decisions(report(remarks=(later,)), {"on_time_rate"}) == []


def test_customers_are_shown_by_what_they_pay() -> None:
    section = customers(OPEN)
    assert section is not None
    assert [(each.text, each.names) for each in section.tallies] == [
        ("2 customers", "1,400 EUR a year"), ("1 without use for 3 weeks", "900 EUR a year"),
        ("1 with more detractors than promoters in 60 days", "500 EUR a year"), ("1 lost in 13 weeks", "100 EUR a year"),
    ]  # fmt: skip
    assert [[row[0] for row in table.rows] for table in section.tables] == [["Falcon"], ["Ibis"], ["Heron"]]
    assert customers(report()) is None


def test_a_customer_whose_use_nothing_tells_is_neither_quiet_nor_active() -> None:
    untold = account("Mole", 40.0, is_use_known=False, is_quiet=None, users=None, users_before=None)
    told = customers(
        report(
            facts=Facts(accounts=pd.DataFrame([account("Falcon", 900.0, is_quiet=True), untold])),
            currency="EUR",
        )
    )
    assert told is not None
    assert [(each.text, each.names) for each in told.tallies][1:3] == [
        ("1 without use for 3 weeks", "900 EUR a year"), ("1 that nothing links to use of the product", "40 EUR a year"),
    ]  # fmt: skip
    alone = customers(report(facts=Facts(accounts=pd.DataFrame([untold])), currency="EUR"))
    assert alone is not None
    assert not any("without use" in each.text for each in alone.tallies)


def test_who_renews_soon_is_told_where_any_contract_has_a_day() -> None:
    renewing = (
        account("Kite", 300.0, renews_on=date(2026, 12, 1), is_renewing=True, users=9.0),
        account("Lark", 200.0, renews_on=date(2027, 6, 1), is_renewing=False),
        account(
            "Heron",
            500.0,
            renews_on=date(2026, 11, 20),
            is_renewing=True,
            users=4.0,
            detractor_count=2,
            open_ticket_count=3,
        ),
    )
    made = report(facts=Facts(accounts=pd.DataFrame(renewing)), currency="EUR")
    section = customers(made)
    assert section is not None
    told = [(each.text, each.names) for each in section.tallies]
    assert told[3:5] == [
        ("2 renewals within 90 days", "800 EUR a year"),
        ("1 of them at risk", "500 EUR a year"),
    ]
    # Nine people of ten are as many; four of ten are not.
    assert [[getattr(cell, "text", cell) for cell in row] for row in section.tables[0].rows] == [
        ["Heron", "20 Nov 2026", "500", "4", "10", "3", "use has halved, detractors"], ["Kite", "1 Dec 2026", "300", "9", "10", "0", "–"],
    ]  # fmt: skip


def test_a_forecast_rests_on_those_that_had_taken_as_long() -> None:
    # Of those that took longer than 100 days: 10, 20, 30, 40 and 50 days more.
    assert forecast(100, [50, 110, 120, 130, 140, 150]) == (30, 44)
    assert forecast(120, [50, 110, 120, 130, 140, 150]) is None
    section = in_flight(OPEN)
    assert section is not None
    (row,) = section.tables[0].rows
    # Beside the epic: on a phone the end of a row lies beyond the edge.
    expected = row[1]
    assert not isinstance(expected, str)
    assert (expected.text, expected.note) == ("16 Dec 2026", "to 30 Dec 2026")


def test_what_was_given_up_is_no_example_and_no_forecast_has_its_reason() -> None:
    issues = FACTS.issues.copy()
    issues.loc[issues["issue_key"] == "ATL-7", "is_delivery"] = False
    section = in_flight(report(facts=Facts(issues=issues)))
    assert section is not None
    assert "from 5 done ones" in section.tables[0].caption
    expected = section.tables[0].rows[0][1]
    assert not isinstance(expected, str)
    assert (expected.text, expected.note) == ("–", "fewer than 5 took longer")


def test_a_teams_page_begins_with_its_own_work_and_leads_to_the_tracker() -> None:
    page = render(OPEN, "team-atlas.html")
    assert (
        page.index('id="changes"')
        < page.index('id="headlines"')
        < page.index('id="in-flight"')
        < page.index('id="delivery"')
    )
    assert 'href="https://tracker.example/ATL-11">ATL-11</a>' in page
    assert "COS-1" not in page
    assert 'href="https://eu.example/COS-1">COS-1</a>' in render(OPEN, "team-cosmos.html")
    # Begun 40 and 20 days ago; one of the two is past its first date.
    assert "2 issues in progress, 1 of them past their first date." in page
    assert page.index(">ATL-11<") < page.index(">ATL-10<")


def test_themes_stand_by_how_much_they_moved() -> None:
    assert not [each for each in tables_of(OPEN) if each.caption.startswith("What tickets are about")]
    rows = values()
    tickets = rows[(rows["metric"] == "tickets_created") & rows["feature_id"].isna()]
    themes = [("access", 3.0, 3.0), ("speed", 2.0, 9.0), ("(no theme)", 100.0, 4.0)]
    parts = [
        tickets.assign(
            theme_id=theme, value=[now if start == WEEK else usual for start in tickets["period_start"]]
        )
        for theme, usual, now in themes
    ]
    made = report(values=pd.concat([rows, *parts]), facts=FACTS)
    (table,) = [each for each in tables_of(made) if each.caption.startswith("What tickets are about")]
    found = [[getattr(cell, "text", cell) for cell in row] for row in table.rows]
    # What no theme claims comes last, however much it moved.
    assert found == [
        ["speed", "9", "2", "3", "1", "8 days"], ["access", "3", "3", "0", "0", "–"], ["no theme", "4", "100", "1", "0", "0 days"],
    ]  # fmt: skip


def tables_of(made: HealthReport) -> tuple[Table, ...]:
    section = support(made)
    assert section is not None
    return section.tables


def test_the_backlog_has_its_age() -> None:
    section = support(OPEN)
    assert section is not None
    (table,) = [each for each in section.tables if each.caption.startswith("Tickets not solved")]
    assert table.rows == (
        ("Board", "3", "1", "1", "0", "1", "8 days"),
        ("Timeline", "1", "1", "0", "0", "0", "0 days"),
        ("all features", "4", "2", "1", "0", "1", "4.5 days"),
    )


def test_an_older_week_says_nothing_of_today() -> None:
    assert facts_of(duckdb.connect(), WEEK, WEEK + timedelta(days=14)).accounts.empty


@pytest.mark.parametrize("page", ["index.html", "leadership.html"])
def test_pages_begin_with_one_minute(page: str) -> None:
    text = render(OPEN, page)
    assert (
        text.index('id="minute"')
        < text.index('id="headlines"')
        < text.index('id="customers"')
        < text.index('id="launches"')
    )


def test_months_are_of_all_their_cases() -> None:
    rows = values()
    october = (
        (rows["metric"] == "on_time_rate")
        & rows["team_id"].isna()
        & (rows["period_start"] == date(2026, 10, 26))
    )
    rows.loc[october, ["numerator", "denominator", "value"]] = [10.0, 200.0, 0.05]
    section = months(
        report(values=rows), ("on_time_rate", "features_used_rate", "first_reply_seconds_median")
    )
    assert section is not None
    shown = {
        str(row[0]): [each.text for each in row[1:] if not isinstance(each, str)]
        for row in section.tables[0].rows
    }
    # Weeks of 28 September to 26 October have most of their days in October: 4 of 70 in 100, one of 10 in 200. A median of
    # medians would be none of the cases.
    assert list(shown) == ["August 2026", "September 2026", "October 2026", "November 2026"]
    assert shown["October 2026"] == ["48%", "84%", "–"]


def test_a_month_of_few_cases_is_grey_and_says_how_many() -> None:
    rows = values()
    few = (
        (rows["metric"] == "on_time_rate")
        & rows["team_id"].isna()
        & (rows["period_start"] < date(2026, 8, 31))
    )
    rows.loc[few, ["numerator", "denominator", "n", "value"]] = [0.0, 1.0, 1, 0.0]
    section = months(report(values=rows), ("on_time_rate", "features_used_rate"))
    assert section is not None
    august = section.tables[0].rows[0][1]
    assert not isinstance(august, str)
    assert (august.text, august.is_faint) == ("0%", True)
    assert august.note.endswith("n = 2")


@pytest.mark.parametrize("weeks", [0, 1])
def test_a_number_that_was_known_once_or_never_has_its_place_among_the_months(weeks: int) -> None:
    """As in a young company's first report; beside one that has its months."""
    rows = values()
    others = rows["period_start"] != (rows["period_start"].max() if weeks else None)
    section = months(
        report(values=rows[~(rows["metric"].eq("csat_rate") & others)]), ("new_users", "csat_rate")
    )
    assert section is not None
    assert len(section.tables[0].rows) > 2


def test_a_period_of_few_cases_neither_meets_nor_misses_a_target() -> None:
    rows = values()
    on_time = (rows["metric"] == "on_time_rate") & rows["team_id"].isna()
    few = on_time & (rows["period_start"] >= WEEK - timedelta(weeks=1))
    rows.loc[few, ["n", "value"]] = [3.0, 0.0]
    made = report(values=rows, targets={"on_time_rate": Target(at_least=0.6)})
    [found] = objectives(made)
    assert (found.status, found.missed, found.periods) == ("unsure", 0, 11)
    page = render(made)
    tile = page.split('data-metric="on_time_rate"')[1].split("</li>")[0]
    assert "target ≥ 60%" in tile
    assert "missed" not in tile
    assert "met" not in tile.split("target ≥ 60%")[1]


def test_a_value_beside_a_bound_that_it_does_not_reach_does_not_read_as_if_it_did() -> None:
    rows = values()
    of_week = (rows["metric"] == "features_used_rate") & (rows["period_start"] == WEEK)
    rows.loc[of_week, "value"] = 0.846
    made = report(values=rows, targets={"features_used_rate": Target(at_least=0.85)})
    assert [(each.value, each.status) for each in objectives(made)] == [("84.6%", "act")]
    assert {each.value for each in headlines(made) if each.metric == "features_used_rate"} == {"84.6%"}


def test_what_no_account_is_known_of_is_no_customer() -> None:
    mart = duckdb.connect()
    mart.execute(
        """
        create schema mart;
        create table mart.mart_account_week (account_id varchar, week_start date, active_user_count bigint, ticket_count bigint);
        insert into mart.mart_account_week values
            ('a', date '2026-09-07', 3, 0), ('a', date '2026-11-09', 0, 0), ('b', date '2026-09-07', 3, 0), ('b', date '2026-11-09', 2, 0),
            ('c', date '2026-05-04', 1, null), ('c', date '2026-11-09', 0, null), ('d', date '2026-05-04', 0, 0), ('d', date '2026-11-09', 0, 0),
            ('e', date '2026-05-04', null, null), ('e', date '2026-11-09', null, null);
        create table mart.fct_survey_response (
            account_id varchar, survey_kind varchar, is_counted boolean, score double, answered_date date
        );
        insert into mart.fct_survey_response values
            ('b', 'nps', true, 2, date '2026-11-01'), ('a', 'nps', true, 2, date '2026-11-01'), ('a', 'nps', true, 9, date '2026-11-01');
        create table mart.dim_account as select *, if(account_id = 'a', date '2026-12-01', null) as renews_on, account_id <> '(unknown)' as is_customer, false as is_test_account, false as is_merged, false as is_archived
        from (values ('a', 'A', 5.0, false, null::date), ('b', 'B', 7.0, false, null), ('(unknown)', 'unknown', null, false, null),
            ('c', 'C', 3.0, false, null), ('d', 'D', 2.0, false, null), ('e', 'E', 1.0, false, null))
            as accounts (account_id, account_name, last_arr_home, is_churned, churned_on);
        create table mart.fct_issue (
            source varchar, issue_id varchar, issue_key varchar, team_id varchar, feature_id varchar, hierarchy_level bigint, stage varchar, status_category varchar,
            created_date date, first_in_progress_at timestamp, first_due_date date, last_due_date date, resolved_date date,
            is_resolved boolean, is_standard boolean, resolution varchar
        );
        insert into mart.fct_issue by name
        select 'jira' as source, id as issue_id, key as issue_key, 1 as hierarchy_level, true as is_resolved, resolution, date '2026-01-01' as created_date
        from (values ('1', 'A-1', 'Done'), ('jira_eu:1', 'A-2', ' Won''t Do'), ('3', 'A-3', null)) as epics (id, key, resolution);
        create table mart.mart_metric_coverage as
        select 'won''t do' as subject, 'resolution_is_no_delivery' as check_name;
        create table mart.fct_ticket (ticket_id varchar, account_id varchar, feature_id varchar, theme_id varchar, status varchar, created_date date, is_counted boolean, is_solved boolean)
        """
    )
    facts = facts_of(mart, WEEK, AS_OF)
    # What was given up is not done, whatever its status.
    assert facts.issues.set_index("issue_key")["is_delivery"].to_dict() == {
        "A-1": True,
        "A-2": False,
        "A-3": True,
    }
    assert facts.issues.set_index("issue_key")["tracker"].to_dict() == {
        "A-1": "jira",
        "A-2": "jira_eu",
        "A-3": "jira",
    }
    found = facts.accounts
    # A is quiet since September, and as many praise as blame; B is there, and blames; C is quiet since May; D never came.
    assert [(row["account_id"], bool(row["is_quiet"]), row["detractor_count"]) for row in found.to_dict("records")] == [
        ("b", False, 1), ("a", True, 0), ("c", True, 0), ("d", False, 0), ("e", False, 0),
    ]  # fmt: skip
    # Nothing links E to events, nor C and E to a desk.
    assert found.loc[~found["is_use_known"], "account_id"].to_list() == ["e"]
    assert found.loc[found["open_ticket_count"].isna(), "account_id"].to_list() == ["c", "e"]
    assert found.loc[found["is_renewing"].fillna(False).astype(bool), "account_id"].to_list() == ["a"]
