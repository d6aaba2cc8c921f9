-- Grain: one row a field of the tracker, system or custom. `role` is what delivery metrics read it for, known by the
-- field's id or by the kind of custom field that the vendor gave it, whatever people call it. Estimates of older projects
-- are numbers of no kind of their own: these alone are known by a name that they ever had.
{% set names_of_points = [
    'story points', 'story point', 'storypoints', 'story point estimate', 'story-punkte', 'storypunkte',
    'story-point-schätzung', 'points de story', 'points de récit', 'puntos de historia', 'pontos de história',
    'story point', 'punti storia', 'ストーリーポイント', 'ストーリー ポイント', '故事点', '故事点数',
] %}
with fields as (
    {{ stage_as_of(raw('jira', 'fields'), [
        ('name', 'field_name', 'text'),
        ('schema.type', 'schema_type', 'text'),
        ('schema.custom', 'custom_type', 'text'),
        ('custom', 'is_custom', 'boolean'),
    ]) }}
),

named_as_points as (
    select distinct field_id
    from {{ ref('stg_jira__field_names') }}
    where field_name in ({% for name in names_of_points %}'{{ name }}'{{ ', ' if not loop.last }}{% endfor %})
),

mapped_fields as (
    {% for setting, role in [('points', 'points'), ('sprint', 'sprint'), ('epic_link', 'parent')] -%}
    {% for source_name in instances_of('jira') -%}
    {% for name in mapped(source_name, setting) or [] -%}
    select field_id, '{{ role }}' as role, {{ loop.index }} as place
    from {{ ref('stg_jira__field_names') }}
    where {{ is_jira_field(name, source_name) }}
    union all
    {% endfor -%}
    {% endfor -%}
    {% endfor -%}
    select cast(null as {{ dbt.type_string() }}) as field_id, cast(null as {{ dbt.type_string() }}) as role, 0 as place
    where false
),

-- Of a field that two settings name, the first.
mapped_roles as (
    select field_id, min(role) as role, min(place) as place
    from mapped_fields
    group by field_id
)

select
    fields.record_id as field_id,
    fields.field_name,
    fields.schema_type,
    fields.custom_type,
    coalesce(fields.is_custom, false) as is_custom,
    case
        when mapped_roles.role is not null then mapped_roles.role
        when fields.custom_type like '%:gh-sprint' then 'sprint'
        when fields.custom_type like '%:gh-epic-link' or fields.custom_type like '%:jpo-custom-field-parent' then 'parent'
        when fields.custom_type like '%:jsw-story-points' or fields.custom_type like '%story%point%' then 'points'
        when fields.schema_type = 'number' and fields.custom_type is not null and named_as_points.field_id is not null
            then 'points'
        when fields.custom_type is null then system_fields.role
    end as role,
    -- Where several fields have one role, those of sources.yml come first, in its order, and the vendor's own kind before
    -- one that is known by its name.
    case
        when mapped_roles.role is not null then mapped_roles.place - 100
        when fields.custom_type like '%:jsw-story-points' or fields.custom_type like '%:gh-epic-link' then 1
        when fields.custom_type like '%:jpo-%' then 3
        else 2
    end as preference,
    fields.is_deleted
from fields
left join mapped_roles
    on fields.record_id = mapped_roles.field_id
left join named_as_points
    on fields.record_id = named_as_points.field_id
left join ({{ jira_system_fields() }}) as system_fields
    on lower({{ unqualified('fields.record_id') }}) = system_fields.field_name
