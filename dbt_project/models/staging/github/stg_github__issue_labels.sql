-- Grain: one row a label of an issue, lower case.
with issues as (
    select
        issue_id,
        labels
    from {{ ref('stg_github__issues') }}
),

label_rows as (
    {{ json_object_rows('issues', ['issue_id'], 'labels') }}
)

select distinct
    issue_id,
    lower(trim({{ json_property('item', "'name'") }})) as label
from label_rows
where {{ json_property('item', "'name'") }} is not null
