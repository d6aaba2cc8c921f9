-- Grain: one row a declared launch and a thing around it: an approval, a risk, a communication, an action of the retrospective, an
-- issue that it depends on, an event that is to be seen. Each as it stood at the end of the launch's day, and as of as_of: done, open,
-- or unknown. Before the launch its state at go is that of now.
with declared as (
    select
        launch_id,
        launched_on,
        case when launched_on < {{ as_of_date() }} then launched_on else {{ add_days(as_of_date(), -1) }} end as go_on
    from {{ ref('int_launches__declared') }}
),

read_events as (
    select
        declared.launch_id,
        max(case when days.event_date < declared.launched_on then 1 else 0 end) = 1 as is_read_before,
        max(case when days.event_date >= {{ add_days(as_of_date(), -14) }} then 1 else 0 end) = 1 as is_read_lately
    from declared
    inner join (select distinct event_date from {{ ref('int_usage__person_days') }}) as days
        on
            days.event_date < {{ as_of_date() }}
            and (
                (
                    days.event_date >= {{ add_days('declared.launched_on', -14) }}
                    and declared.launched_on > days.event_date
                )
                or days.event_date >= {{ add_days(as_of_date(), -14) }}
            )
    group by declared.launch_id
)

select
    written.launch_id,
    written.item_id,
    written.item_kind,
    written.item,
    written.owner,
    written.criticality,
    written.workaround,
    case
        when written.is_text_alone then 'unknown'
        when written.done_on <= declared.go_on then 'done'
        else 'open'
    end as state_at_go,
    case
        when written.is_text_alone then 'unknown'
        when written.done_on < {{ as_of_date() }} then 'done'
        else 'open'
    end as state_now,
    cast(null as bigint) as seen_at_go,
    cast(null as bigint) as seen_now,
    written.due_on,
    case when written.done_on < {{ as_of_date() }} then written.done_on end as done_on
from {{ ref('int_launches__written_items') }} as written
inner join declared
    on written.launch_id = declared.launch_id
union all
select
    dependencies.launch_id,
    'dependency:' || dependencies.blocking_issue_id as item_id,
    'dependency' as item_kind,
    coalesce(dependencies.issue_key, dependencies.blocking_issue_id) as item,
    teams.owner,
    null as criticality,
    null as workaround,
    case
        when dependencies.category_at_launch = 'done' then 'done'
        when dependencies.category_at_launch in ('new', 'indeterminate') then 'open'
        else 'unknown'
    end as state_at_go,
    case
        when dependencies.category_now = 'done' then 'done'
        when dependencies.category_now in ('new', 'indeterminate') then 'open'
        else 'unknown'
    end as state_now,
    null as seen_at_go,
    null as seen_now,
    null as due_on,
    null as done_on
from {{ ref('int_launches__dependencies') }} as dependencies
left join {{ ref('stg_registry__teams') }} as teams
    on dependencies.team_id = teams.team_id
union all
select
    planned.launch_id,
    'event:' || planned.event_type || coalesce('.' || planned.property_name, '') as item_id,
    'event' as item_kind,
    planned.event_type || coalesce('.' || planned.property_name, '') as item,
    null as owner,
    null as criticality,
    null as workaround,
    case
        when planned.seen_before > 0 then 'done'
        when read_events.is_read_before then 'open'
        else 'unknown'
    end as state_at_go,
    case
        when planned.seen_lately > 0 then 'done'
        when read_events.is_read_lately then 'open'
        else 'unknown'
    end as state_now,
    case when planned.seen_before > 0 or read_events.is_read_before then planned.seen_before end as seen_at_go,
    case when planned.seen_lately > 0 or read_events.is_read_lately then planned.seen_lately end as seen_now,
    null as due_on,
    null as done_on
from {{ ref('int_launches__planned_events') }} as planned
left join read_events
    on planned.launch_id = read_events.launch_id
