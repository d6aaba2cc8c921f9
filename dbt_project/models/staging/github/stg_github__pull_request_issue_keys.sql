-- Grain: one row a place in a pull request's title or branch that looks like the key of a tracker's issue, upper case;
-- the title's first. Whether there is such an issue (UTF-8 is none), only the tracker knows.
with pull_requests as (
    {{ stage_as_of(raw('github', 'pull_requests'), [
        ('title', 'title', 'text'),
        ('head.ref', 'branch', 'text'),
        ('created_at', 'opened_at', 'timestamp'),
        ('updated_at', 'updated_at', 'timestamp'),
    ], 'updated_at') }}
),

texts as (
    select
        record_id as pull_request_id,
        upper(coalesce(title, '') || ' ' || coalesce(branch, '')) as names
    from pull_requests
    where opened_at < {{ as_of_at() }}
),

matches as (
    {{ text_match_rows('texts', ['pull_request_id'], 'names', '[A-Z][A-Z0-9_]*-[0-9]+') }}
)

select
    pull_request_id,
    item as issue_key,
    cast(item_number as bigint) as place
from matches
