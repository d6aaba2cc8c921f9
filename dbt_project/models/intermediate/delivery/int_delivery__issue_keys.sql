-- Grain: one row a key, in upper case, by which an issue is or was known: that of now, those that versions of its record and
-- the history of its moves tell, and each of them under the other keys that its project had. A key that several issues
-- had is that of the one that has it now, else of the one that is surest. Of an instance of the tracker that is not named
-- like it, an issue is known by `<INSTANCE>:<KEY>`, and by the key alone where no other instance has it.
with said as (
    select
        issue_id,
        upper({{ qualified('issue_key', 'issue_id') }}) as issue_key,
        1 as preference
    from {{ ref('int_delivery__tracker_issues') }}
    union all
    select
        issue_id,
        issue_key,
        2 as preference
    from {{ ref('stg_jira__issue_versions') }}
    union all
    select
        issue_id,
        upper(coalesce(from_text, from_value)) as issue_key,
        3 as preference
    from {{ ref('int_delivery__changes') }}
    where field = 'key'
    union all
    select
        issue_id,
        upper(coalesce(to_text, to_value)) as issue_key,
        3 as preference
    from {{ ref('int_delivery__changes') }}
    where field = 'key'
),

keys as (
    select issue_id, issue_key, preference from said
    union all
    select
        said.issue_id,
        other_keys.project_key || '-' || {{ text_part('said.issue_key', "'-'", 2) }} as issue_key,
        4 as preference
    from said
    inner join {{ ref('stg_jira__project_keys') }} as project_keys
        on {{ text_part('said.issue_key', "'-'", 1) }} = project_keys.project_key
    inner join {{ ref('stg_jira__project_keys') }} as other_keys
        on
            project_keys.project_id = other_keys.project_id
            and project_keys.project_key <> other_keys.project_key
),

ranked as (
    select
        keys.issue_key,
        keys.issue_id,
        row_number() over (
            partition by keys.issue_key
            order by keys.preference asc, length(keys.issue_id) desc, keys.issue_id desc
        ) as place
    from keys
    inner join {{ ref('int_delivery__tracker_issues') }} as issues
        on keys.issue_id = issues.issue_id
    where keys.issue_key is not null
)

select
    issue_key,
    issue_id
from ranked
where place = 1
{% if instance_names() -%}
union all
-- As people write it, who know of one instance.
select
    shortened.issue_key,
    min(shortened.issue_id) as issue_id
from (
    select
        substring(issue_key, length({{ instance_of('issue_id') }}) + 2) as issue_key,
        issue_id
    from ranked
    where place = 1 and {{ instance_of('issue_id') }} <> ''
) as shortened
left join ranked
    on shortened.issue_key = ranked.issue_key
where ranked.issue_key is null
group by shortened.issue_key
having count(*) = 1
{%- endif %}
