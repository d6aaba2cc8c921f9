-- Grain: one row a name that sources.yml (or the platform, where it says nothing) has for what a source leaves to its
-- customers: in how many of how many records it holds a value. A name that no record knows is misspelt, or was renamed.
{% set named = [] %}
{% for tool, model, subject, columns in [
    ('hubspot', 'stg_hubspot__companies', 'companies',
     {'account': 'app_account_id', 'plan': 'plan', 'segment': 'segment', 'revenue': 'arr'}),
    ('hubspot', 'stg_hubspot__contacts', 'contacts', {'user': 'app_user_hash'}),
    ('salesforce', 'stg_salesforce__accounts', 'companies',
     {'account': 'app_account_id', 'plan': 'plan', 'segment': 'segment', 'revenue': 'arr'}),
    ('salesforce', 'stg_salesforce__contacts', 'contacts', {'user': 'app_user_hash'}),
    ('amplitude', 'stg_amplitude__events', 'events', {'account': 'app_account_id'}),
    ('mixpanel', 'stg_mixpanel__events', 'events', {'account': 'app_account_id'}),
    ('zendesk', 'stg_zendesk__organizations', 'organizations', {'account': 'external_id'}),
    ('zendesk', 'stg_zendesk__users', 'users', {'user': 'external_hash'}),
    ('intercom', 'stg_intercom__companies', 'companies', {'account': 'external_id'}),
    ('intercom', 'stg_intercom__contacts', 'contacts', {'user': 'external_hash'}),
] -%}
    {%- for setting, column in columns.items() if mapped(tool, setting) -%}
        {%- set names = mapped_names(tool, [setting]) if subject == 'events' else [mapped_field(tool, setting)[0]] -%}
        {%- do named.append((tool, model, subject, setting, column, names | join(', '))) -%}
    {%- endfor -%}
{%- endfor %}

with counts as (
    {% for tool, model, subject, setting, column, names in named -%}
    select
        '{{ tool }}' as source,
        '{{ subject }}' as records,
        '{{ setting }}' as setting,
        {{ text_literal(names) }} as names,
        count({{ column }}) as counted,
        count(*) as total
    from {{ ref(model) }}
    union all
    {% endfor -%}
    {% for setting in ['points', 'sprint', 'epic_link'] -%}
    {% for name in mapped('jira', setting) or [] -%}
    select
        'jira' as source,
        'fields' as records,
        '{{ setting }}' as setting,
        {{ text_literal(name) }} as names,
        count(distinct case
            when field_name = {{ text_literal(name | lower | trim) }} or lower(field_id) = {{ text_literal(name | lower | trim) }}
                then field_id
        end) as counted,
        count(distinct field_id) as total
    from {{ ref('stg_jira__field_names') }}
    union all
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
