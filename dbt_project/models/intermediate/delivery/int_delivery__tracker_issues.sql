-- Grain: one row an issue of any tracker that was created by as_of and not deleted. The code host's
-- issues are among them where the registry's `issue_repositories` say that work is tracked there; incidents are not.
-- They are open or closed, and known by repository and number.
{# What only the tracker has; null for the code host's issues. #}
{% set tracker_fields = [
    ('project_id', dbt.type_string()),
    ('parent_id', dbt.type_string()),
    ('parent_key', dbt.type_string()),
    ('status_id', dbt.type_string()),
    ('history_total', 'bigint'),
    ('due_date', 'date'),
    ('updated_at', 'timestamp'),
] %}
with tracked_repositories as (
    select distinct coalesce(names.repository, rules.name) as repository
    from {{ ref('stg_registry__delivery_rules') }} as rules
    left join {{ ref('int_delivery__repository_names') }} as names
        on rules.name = names.name
    where rules.rule_id = 'issue_repositories'
),

work_ids as (
    select
        issues.issue_id,
        max(case when rules.rule_id = 'incident_labels' then 1 else 0 end) as is_incident,
        max(case when rules.rule_id = 'bug_labels' then 1 else 0 end) as is_bug
    from {{ ref('stg_github__issues') }} as issues
    left join {{ ref('int_delivery__repository_names') }} as names
        on issues.repository = names.name
    inner join tracked_repositories
        on coalesce(names.repository, issues.repository) = tracked_repositories.repository
    left join {{ ref('stg_github__issue_labels') }} as labels
        on issues.issue_id = labels.issue_id
    left join {{ ref('stg_registry__delivery_rules') }} as rules
        on labels.label = rules.name
    group by issues.issue_id
)

select
    'jira' as source,
    issues.issue_id,
    {%- for column, type in tracker_fields %}
    issues.{{ column }},
    {%- endfor %}
    issues.issue_key,
    issues.project_key,
    issues.issue_type,
    issues.status_original,
    issues.status_category,
    issues.resolution,
    issues.fix_versions,
    issues.hierarchy_level,
    issues.is_creation_known,
    issues.created_at,
    issues.resolved_at,
    issues.status_category_changed_at
from {{ ref('stg_jira__issues') }} as issues
where not issues.is_deleted
union all
select
    'github' as source,
    'github:issue:' || issues.issue_id as issue_id,
    {%- for column, type in tracker_fields %}
    cast(null as {{ type }}) as {{ column }},
    {%- endfor %}
    coalesce(names.repository, issues.repository) || '#' || cast(issues.issue_number as {{ dbt.type_string() }}) as issue_key,
    coalesce(names.repository, issues.repository) as project_key,
    coalesce(issues.issue_type, case when work_ids.is_bug = 1 then 'Bug' else 'Task' end) as issue_type,
    case when issues.closed_at is null then 'Open' else 'Closed' end as status_original,
    case when issues.closed_at is null then 'new' else 'done' end as status_category,
    case
        when issues.closed_at is null then null
        when issues.close_reason = 'not_planned' then 'Not planned'
        when issues.close_reason = 'duplicate' then 'Duplicate'
        else 'Completed'
    end as resolution,
    '[]' as fix_versions,
    0 as hierarchy_level,
    true as is_creation_known,
    issues.created_at,
    issues.closed_at as resolved_at,
    issues.closed_at as status_category_changed_at
from {{ ref('stg_github__issues') }} as issues
inner join work_ids
    on
        issues.issue_id = work_ids.issue_id
        and work_ids.is_incident = 0
left join {{ ref('int_delivery__repository_names') }} as names
    on issues.repository = names.name
