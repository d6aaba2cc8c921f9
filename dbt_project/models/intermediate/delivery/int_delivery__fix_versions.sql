-- Grain: one row a fix version of an issue. The version's own record tells its release; the issue's copy stands in
-- when that record is not there.
with issues as (
    select
        issue_id,
        fix_versions
    from {{ ref('int_delivery__tracker_issues') }}
),

version_rows as (
    {{ json_object_rows('issues', ['issue_id'], 'fix_versions') }}
),

parsed_versions as (
    select
        issue_id,
        {{ parse_json('item', {'id': text_type(), 'released': text_type(), 'releaseDate': text_type()}) }} as parsed
    from version_rows
),

issue_versions as (
    select
        issue_id,
        {{ qualified(struct_field('parsed', ['id']), 'issue_id') }} as version_id,
        {{ cast_field(struct_field('parsed', ['released']), 'boolean') }} as is_released,
        {{ cast_field(struct_field('parsed', ['releaseDate']), 'date') }} as release_date
    from parsed_versions
)

select
    issue_versions.issue_id,
    issue_versions.version_id,
    case
        when versions.version_id is not null then versions.is_released
        else coalesce(issue_versions.is_released, false) and issue_versions.release_date < {{ as_of_date() }}
    end as is_released,
    case
        when versions.version_id is not null then versions.release_date
        else issue_versions.release_date
    end as release_date
from issue_versions
left join {{ ref('stg_jira__versions') }} as versions
    on issue_versions.version_id = versions.version_id
