-- Grain: one row a way in which histories and issues name a field, and the field's role: `id:<id>`, and by name
-- `system:<name>`, `custom:<name>` and, for histories that do not say which of the two a field is, `any:<name>`, all in
-- lower case. A name that fields share is that of the one with a role. What the tracker does not list at all has the ids
-- and names that the vendor ships. Of an instance that is not named like its vendor its name stands before all of them.
with listed as (
    select
        {{ qualified("'id:' || lower(" ~ unqualified('field_id') ~ ")", 'field_id') }} as field_key,
        field_id,
        role,
        preference
    from {{ ref('stg_jira__fields') }}
    union all
    select
        {{ qualified(
            "case when fields.custom_type is null then 'system:' else 'custom:' end || names.field_name", 'fields.field_id'
        ) }} as field_key,
        fields.field_id,
        fields.role,
        fields.preference
    from {{ ref('stg_jira__field_names') }} as names
    inner join {{ ref('stg_jira__fields') }} as fields
        on names.field_id = fields.field_id
    union all
    select
        {{ qualified("'any:' || names.field_name", 'fields.field_id') }} as field_key,
        fields.field_id,
        fields.role,
        fields.preference
    from {{ ref('stg_jira__field_names') }} as names
    inner join {{ ref('stg_jira__fields') }} as fields
        on names.field_id = fields.field_id
),

shipped as (
    {% for prefix in instance_prefixes('jira') -%}
    {% for kind in ['id', 'system', 'any'] -%}
    select
        '{{ prefix }}{{ kind }}:' || field_name as field_key,
        '{{ prefix }}' || field_name as field_id,
        role
    from ({{ jira_system_fields() }}) as system_fields
    union all
    {% endfor -%}
    {% for name, role in [
        ('sprint', 'sprint'),
        ('story points', 'points'),
        ('story point estimate', 'points'),
        ('epic link', 'parent'),
        ('parent link', 'parent'),
    ] -%}
    select '{{ prefix }}custom:{{ name }}' as field_key, cast(null as {{ dbt.type_string() }}) as field_id, '{{ role }}' as role
    union all
    select '{{ prefix }}any:{{ name }}' as field_key, cast(null as {{ dbt.type_string() }}) as field_id, '{{ role }}' as role
    union all
    {% endfor -%}
    {% for id, role in [
        ('customfield_10020', 'sprint'),
        ('customfield_10016', 'points'),
        ('customfield_10014', 'parent'),
    ] -%}
    select '{{ prefix }}id:{{ id }}' as field_key, '{{ prefix }}{{ id }}' as field_id, '{{ role }}' as role
    where not exists (
        select 1 from {{ ref('stg_jira__fields') }} as fields
        where fields.role = '{{ role }}' and {{ is_same_instance('fields.field_id', text_literal(prefix)) }}
    )
    {{ 'union all' if not loop.last }}
    {% endfor -%}
    {{ 'union all' if not loop.last }}
    {% endfor -%}
),

known as (
    select
        field_key,
        field_id,
        role,
        preference,
        1 as source_rank
    from listed
    union all
    select
        field_key,
        field_id,
        role,
        4 as preference,
        2 as source_rank
    from shipped
),

ranked as (
    select
        field_key,
        field_id,
        role,
        preference,
        row_number() over (
            partition by field_key
            order by
                source_rank asc,
                case when role is null then 1 else 0 end asc,
                preference asc,
                field_id asc nulls last,
                role asc nulls last
        ) as key_rank
    from known
)

select
    field_key,
    field_id,
    role,
    preference
from ranked
where key_rank = 1
