{{ config(meta={'dagster': {'ref': {'name': 'fct_issue_status'}}}) }}
-- Status intervals neither overlap nor leave gaps, begin with the issue, and add up to its age at as_of.
with stays as (
    select
        issue_id,
        started_at,
        ended_at,
        stay_number,
        duration_seconds,
        lead(started_at) over (partition by issue_id order by stay_number asc) as next_started_at
    from {{ ref('fct_issue_status') }}
),

lives as (
    select
        issue_id,
        min(started_at) as first_started_at,
        sum(duration_seconds) as total_seconds,
        sum(case when ended_at is null then 1 else 0 end) as open_count
    from stays
    group by issue_id
)

select issue_id, 'stays do not follow one another' as what
from stays
where
    (ended_at is null and next_started_at is not null)
    or (ended_at is not null and (next_started_at is null or next_started_at <> ended_at))
    or duration_seconds < 0
union all
select issues.issue_id, 'stays do not cover the life of the issue' as what
from {{ ref('fct_issue') }} as issues
left join lives
    on issues.issue_id = lives.issue_id
where
    lives.issue_id is null
    or lives.open_count <> 1
    or lives.first_started_at <> issues.created_at
    or lives.total_seconds <> {{ seconds_between('issues.created_at', as_of_at()) }}
