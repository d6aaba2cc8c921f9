{{ config(severity='warn') }}
-- Sites number their custom fields differently: these are the fields that the variables should name and do not.
select
    field_id,
    custom_type
from {{ ref('stg_jira__fields') }}
where
    (custom_type like '%:gh-sprint' and field_id <> '{{ var("jira_sprint_field") }}')
    or (custom_type like '%:jsw-story-points' and field_id <> '{{ var("jira_points_field") }}')
