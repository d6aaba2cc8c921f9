"""Rows of coverage, against counts by hand."""

from tests.sql_macros import connected, macros

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
