-- Grain: one row a name that sources.yml (or the platform, where it says nothing) has for what a source leaves to its
-- customers: in how many of how many records it holds a value. A name that no record knows is misspelt, or was renamed.
{% set named = [] %}
{% for vendor, model, subject, id, columns in [
    ('hubspot', 'stg_hubspot__companies', 'companies', 'company_id',
     {'account': 'app_account_id', 'plan': 'plan', 'segment': 'segment', 'revenue': 'arr', 'renews_on': 'renews_on'}),
    ('hubspot', 'stg_hubspot__contacts', 'contacts', 'contact_id', {'user': 'app_user_hash'}),
    ('salesforce', 'stg_salesforce__accounts', 'companies', 'account_id',
     {'account': 'app_account_id', 'plan': 'plan', 'segment': 'segment', 'revenue': 'arr', 'renews_on': 'renews_on'}),
    ('salesforce', 'stg_salesforce__contacts', 'contacts', 'contact_id', {'user': 'app_user_hash'}),
    ('amplitude', 'stg_amplitude__events', 'events', 'event_id', {'account': 'app_account_id'}),
    ('mixpanel', 'stg_mixpanel__events', 'events', 'event_id', {'account': 'app_account_id'}),
    ('posthog', 'stg_posthog__events', 'events', 'event_id', {'account': 'app_account_id'}),
    ('zendesk', 'stg_zendesk__organizations', 'organizations', 'organization_id', {'account': 'external_id'}),
    ('zendesk', 'stg_zendesk__users', 'users', 'user_id', {'user': 'external_hash'}),
    ('intercom', 'stg_intercom__companies', 'companies', 'company_id', {'account': 'external_id'}),
    ('intercom', 'stg_intercom__contacts', 'contacts', 'contact_id', {'user': 'external_hash'}),
] -%}
    {%- for tool in instances_of(vendor) -%}
        {%- for setting, column in columns.items() if mapped(tool, setting) -%}
            {%- set names = names_of_places(tool, setting) if subject == 'events' else [mapped_path(tool, setting)[0]] -%}
            {%- do named.append((tool, model, subject, id, setting, column, names | join(', '))) -%}
        {%- endfor -%}
    {%- endfor -%}
{%- endfor %}

with counts as (
    {% for tool, model, subject, id, setting, column, names in named -%}
    select
        '{{ tool }}' as source,
        '{{ subject }}' as records,
        '{{ setting }}' as setting,
        {{ text_literal(names) }} as names,
        count({{ column }}) as counted,
        count(*) as total
    from {{ ref(model) }}
    {{ 'where ' ~ is_id_of(id, tool) if instance_names() }}
    union all
    {% endfor -%}
    {% for setting in ['points', 'sprint', 'epic_link'] -%}
    {% for tool in instances_of('jira') -%}
    {% for name in mapped(tool, setting) or [] -%}
    select
        '{{ tool }}' as source,
        'fields' as records,
        '{{ setting }}' as setting,
        {{ text_literal(name) }} as names,
        count(distinct case when {{ is_jira_field(name, tool) }} then field_id end) as counted,
        count(distinct field_id) as total
    from {{ ref('stg_jira__field_names') }}
    {{ 'where ' ~ is_id_of('field_id', tool) if instance_names() }}
    union all
    {% endfor -%}
    {% endfor -%}
    {% endfor -%}
    select
        cast(null as {{ dbt.type_string() }}) as source,
        cast(null as {{ dbt.type_string() }}) as records,
        cast(null as {{ dbt.type_string() }}) as setting,
        cast(null as {{ dbt.type_string() }}) as names,
        cast(0 as bigint) as counted,
        cast(0 as bigint) as total
    where false
)

select
    records,
    -- What a coverage row is of; a setting may have several names.
    records || ': ' || names as subject,
    source,
    setting,
    names,
    setting || '_named' as check_name,
    cast(counted as bigint) as counted,
    cast(total as bigint) as total,
    case
        when counted = 0 and total > 0
            then 'No record holds a value under the name in sources.yml: it is misspelt, renamed or hidden.'
        else 'Records of the tool that hold a value under the name that the registry has for it (sources.yml).'
    end as explanation
from counts
