-- Grain: one row a commit of a pull request, of the commits that it had when it was last asked for. Messages and the
-- names of people stay behind.
with lists as (
    {{ stage_as_of(raw('github', 'pull_request_commits'), [
        ('repository', 'repository', 'id'),
        ('pull_number', 'pull_number', 'integer'),
        ('commits', 'commits', 'json'),
    ]) }}
),

commit_rows as (
    {{ json_object_rows('lists', ['record_id', 'repository', 'pull_number'], 'commits') }}
),

parsed_rows as (
    select
        record_id as pull_request_id,
        lower(repository) as repository,
        pull_number,
        item_number,
        {{ parse_json('item', {'sha': text_type(), 'commit': {
            'author': {'date': text_type()}, 'committer': {'date': text_type()}
        }}) }} as parsed
    from commit_rows
)

select
    pull_request_id,
    repository,
    pull_number,
    cast(item_number as bigint) as place,
    {{ struct_field('parsed', ['sha']) }} as commit_sha,
    {{ parse_timestamp(struct_field('parsed', ['commit', 'author', 'date'])) }} as authored_at,
    {{ parse_timestamp(struct_field('parsed', ['commit', 'committer', 'date'])) }} as committed_at
from parsed_rows
