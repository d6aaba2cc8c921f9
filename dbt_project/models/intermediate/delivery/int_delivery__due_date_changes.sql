-- Grain: one row a change of an issue's due date: the dates before and after, null where there was none. Read from the
-- value, or from the text where the value is none ("2011-05-17 00:00:00.0"). A date that is none is null, and counted in
-- int_delivery__reading_coverage.
select
    issue_id,
    change_number,
    coalesce(
        {{ try_cast('left(from_value, 10)', 'date') }}, {{ try_cast('left(from_text, 10)', 'date') }}
    ) as from_date,
    coalesce({{ try_cast('left(to_value, 10)', 'date') }}, {{ try_cast('left(to_text, 10)', 'date') }}) as to_date,
    coalesce(from_value, from_text) as from_original,
    coalesce(to_value, to_text) as to_original,
    is_after_as_of,
    changed_at
from {{ ref('int_delivery__changes') }}
where field = 'duedate'
