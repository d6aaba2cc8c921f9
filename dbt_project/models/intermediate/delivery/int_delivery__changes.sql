-- Grain: one row a change of a field of an issue that delivery metrics read (status, resolution, duedate, key, project,
-- parent, sprint, points). A history that arrived both by the change stream and embedded in the issue counts once; one
-- whose time cannot be read is left out, and counted in int_delivery__reading_coverage. Where an issue's history tells of
-- several fields with estimates, the one that the vendor means for it counts. `change_number` orders the changes of a
-- field of an issue: by time, and at equal times by the number of the history. Changes after as_of are here too: the
-- first one tells what was before.
with streamed as (
    select
        issue_id,
        history_id,
        item_number,
        field,
        preference,
        from_value,
        from_text,
        to_value,
        to_text,
        changed_at
    from {{ ref('stg_jira__changelogs') }}
),

streamed_histories as (
    select distinct
        issue_id,
        history_id
    from streamed
),

embedded as (
    select
        embedded.issue_id,
        embedded.history_id,
        embedded.item_number,
        embedded.field,
        embedded.preference,
        embedded.from_value,
        embedded.from_text,
        embedded.to_value,
        embedded.to_text,
        embedded.changed_at
    from {{ ref('stg_jira__issue_changelogs') }} as embedded
    left join streamed_histories
        on
            embedded.issue_id = streamed_histories.issue_id
            and embedded.history_id = streamed_histories.history_id
    where streamed_histories.history_id is null
),

-- The code host keeps no history that is read: an issue of it was open, and was closed.
closings as (
    select
        issue_id,
        'closed' as history_id,
        resolution,
        resolved_at
    from {{ ref('int_delivery__tracker_issues') }}
    where
        source = 'github'
        and resolved_at is not null
),

changes as (
    select
        issue_id,
        history_id,
        1 as item_number,
        'status' as field,
        1 as preference,
        cast(null as {{ dbt.type_string() }}) as from_value,
        'Open' as from_text,
        cast(null as {{ dbt.type_string() }}) as to_value,
        'Closed' as to_text,
        resolved_at as changed_at
    from closings
    union all
    select
        issue_id,
        history_id,
        2 as item_number,
        'resolution' as field,
        1 as preference,
        cast(null as {{ dbt.type_string() }}) as from_value,
        cast(null as {{ dbt.type_string() }}) as from_text,
        cast(null as {{ dbt.type_string() }}) as to_value,
        resolution as to_text,
        resolved_at as changed_at
    from closings
    union all
    select issue_id, history_id, item_number, field, preference, from_value, from_text, to_value, to_text, changed_at
    from streamed
    union all
    select issue_id, history_id, item_number, field, preference, from_value, from_text, to_value, to_text, changed_at
    from embedded
),

dated as (
    select
        *,
        min(preference) over (partition by issue_id, field) as first_preference
    from changes
    where changed_at is not null
)

select
    changes.issue_id,
    changes.history_id,
    changes.field,
    changes.from_value,
    changes.from_text,
    changes.to_value,
    changes.to_text,
    row_number() over (
        partition by changes.issue_id, changes.field
        order by
            changes.changed_at asc,
            -- Ids are numbers in text: shorter means smaller.
            length(changes.history_id) asc,
            changes.history_id asc,
            changes.item_number asc
    ) as change_number,
    changes.changed_at >= {{ as_of_at() }} as is_after_as_of,
    changes.changed_at
from dated as changes
inner join {{ ref('int_delivery__tracker_issues') }} as issues
    on changes.issue_id = issues.issue_id
-- What is known by its name alone (4) may be any of the fields.
where not (
    changes.field = 'points'
    and changes.preference > changes.first_preference
    and changes.preference < 4
)
