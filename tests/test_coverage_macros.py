"""Rows of coverage, against counts by hand."""

from tests.sql_macros import connected, macros, model_sql

TICKETS = """
create temp table tickets as from (values
    ('zendesk', true, 'ann', null, 1),
    ('zendesk', true, null, 'nobody', 2),
    ('zendesk', false, 'bob', 'spam', 4),
    ('intercom', false, null, 'nobody', 8),
    ('intercom', null, 'eve', null, 16)
) as tickets (source, is_counted, person_id, reason, events)
"""


def test_a_check_counts_among_the_rows_that_it_is_about() -> None:
    checks = [
        ("with_person", "person_id is not null", "is_counted", "It's known."),
        ("spam", "reason = 'spam'", "true", "Not counted."),
    ]
    with connected() as engine:
        engine.execute(TICKETS)
        rows = engine.execute(macros().coverage_rows("tickets", "tickets", checks)).fetchall()
        assert sorted(rows) == [
            ("tickets", "intercom", "spam", 0, 2, "Not counted."),
            ("tickets", "intercom", "with_person", 0, 0, "It's known."),
            ("tickets", "zendesk", "spam", 1, 3, "Not counted."),
            ("tickets", "zendesk", "with_person", 1, 2, "It's known."),
        ]
        weighed = macros().coverage_rows("tickets", "events", checks, weight="events")
        assert {row[1:5] for row in engine.execute(weighed).fetchall()} == {
            ("intercom", "spam", 0, 24),
            ("intercom", "with_person", 0, 0),
            ("zendesk", "spam", 4, 7),
            ("zendesk", "with_person", 1, 3),
        }


def test_a_tool_that_is_named_has_its_rows_even_without_data() -> None:
    with connected() as engine:
        engine.execute(TICKETS)
        check = [("with_person", "person_id is not null", "true", "Known.")]
        none = macros().coverage_rows(
            "(select * from tickets where false) as none", "tickets", check, source="'app'"
        )
        assert engine.execute(none).fetchall() == [("tickets", "app", "with_person", 0, 0, "Known.")]


def test_each_reason_is_a_row_and_their_total_counts_the_others_too() -> None:
    with connected() as engine:
        engine.execute(TICKETS)

        def rows(**options: object) -> set[tuple[object, ...]]:
            made = macros().coverage_rows_by_reason(
                "tickets", "'tickets'", "'not_counted_' || reason", "reason", "By reason.", **options
            )
            return {row[1:5] for row in engine.execute(made).fetchall()}

        assert rows() == {
            ("intercom", "not_counted_nobody", 1, 2),
            ("zendesk", "not_counted_nobody", 1, 3),
            ("zendesk", "not_counted_spam", 1, 3),
        }
        assert rows(total="is_counted", weight="events") == {
            ("intercom", "not_counted_nobody", 8, 0),
            ("zendesk", "not_counted_nobody", 2, 3),
            ("zendesk", "not_counted_spam", 4, 3),
        }
        assert rows(source="'app'") == {
            ("app", "not_counted_nobody", 2, 5),
            ("app", "not_counted_spam", 1, 5),
        }
        assert rows(total_by=["source", "is_counted"]) == {
            ("intercom", "not_counted_nobody", 1, 1),
            ("zendesk", "not_counted_nobody", 1, 2),
            ("zendesk", "not_counted_spam", 1, 1),
        }


def test_a_company_whose_only_tracker_is_its_code_host_hears_nothing_of_another() -> None:
    with connected() as connection:
        connection.execute(
            """
            create table int_delivery__issues as select 'github' as source, 'github:issue:1' as issue_id,
                null::date as commitment_date, true as is_standard, '(unmapped)' as feature_id, 'web' as team_id,
                false as is_history_whole, 'done' as status_category, null::bigint as cycle_time_seconds,
                true as is_delivered, false as is_beginning_unknown, false as is_resolution_inferred, true as is_resolved,
                    timestamp '2026-11-02 09:00' as created_at, timestamp '2026-11-03 09:00' as resolved_at;
            create table int_delivery__status_intervals as
                select 'github:issue:1' as issue_id, 'Closed' as status_original, 'done' as status_category, 'other' as stage;
            create table int_delivery__issue_stages (issue_id text, flow_seconds bigint);
            create table int_delivery__epics (feature_id text, accepted_date date, is_history_whole boolean,
                launched_date date, is_launched_before_accepted boolean);
            create table int_delivery__epic_stages (epic_id text, stage text, is_order_violation boolean);
            create table int_delivery__sprint_scope (is_history_whole boolean);
            create table stg_registry__stages as select 'released' as stage
            """
        )
        rows = connection.execute(
            f"select source, check_name, counted, total from ({model_sql('int_delivery__coverage', as_of='2026-11-16')}) where total > 0"
        ).fetchall()
    assert {source for source, *_ in rows} == {"github"}
    told = {check: (counted, total) for _, check, counted, total in rows}
    assert told["issues_with_team"] == (1, 1)
    assert told["stays_in_unmapped_status"] == (1, 1)
    assert not [each for each in told if "epic" in each or "sprint" in each]
