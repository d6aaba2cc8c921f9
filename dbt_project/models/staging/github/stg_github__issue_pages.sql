-- Grain: one row an issue and an incident of PagerDuty whose address its text holds. Nothing else of the text is kept.
with issues as (
    {{ stage_as_of(raw('github', 'issues'), [
        ('body', 'body', 'text'),
        ('created_at', 'created_at', 'timestamp'),
        ('updated_at', 'updated_at', 'timestamp'),
    ], 'updated_at') }}
),

texts as (
    select
        record_id as issue_id,
        body
    from issues
    where
        not is_deleted
        and created_at < {{ as_of_at() }}
        and body is not null
),

matches as (
    {{ text_match_rows('texts', ['issue_id'], 'body', 'pagerduty[.]com/incidents/[A-Z0-9]+') }}
)

select distinct
    issue_id,
    {{ text_part('item', "'/incidents/'", 2) }} as page_id
from matches
