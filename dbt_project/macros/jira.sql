{# A Jira timestamp: ISO with an offset, or seconds or milliseconds since 1970. #}
{% macro jira_timestamp(text) -%}
    coalesce({{ parse_timestamp(text) }}, {{ from_epoch(text) }})
{%- endmacro %}

{# A category of statuses that the vendor defines; null for none of them (Jira has "No Category" too). #}
{% macro jira_status_category(category) -%}
    case when lower({{ category }}) in ('new', 'indeterminate', 'done') then lower({{ category }}) end
{%- endmacro %}

{# The id of a sprint, a number, without zeros before it; null when the text is no number. #}
{% macro jira_sprint_id(text) -%}
    {{ text_capture(text, '^[\\s\\[]*0*([0-9]+)[\\s\\]]*$') }}
{%- endmacro %}

{# The tracker's own fields that delivery metrics read, as rows of `field_name` (id, or what histories call it, in lower
   case) and `role`. #}
{% macro jira_system_fields() -%}
    {% for name, role in [
        ('status', 'status'),
        ('resolution', 'resolution'),
        ('duedate', 'duedate'),
        ('due date', 'duedate'),
        ('key', 'key'),
        ('issuekey', 'key'),
        ('project', 'project'),
        ('parent', 'parent'),
        ('issueparentassociation', 'parent'),
    ] -%}
    select '{{ name }}' as field_name, '{{ role }}' as role
    {{ 'union all' if not loop.last }}
    {% endfor %}
{%- endmacro %}

{# Rows of the histories embedded in the last version of each issue's record: issue_id, history_id, created_original and
   items (JSON text). A history that comes twice is there once; one without an id is known by its time. #}
{% macro jira_embedded_histories() -%}
    select
        issue_id,
        history_id,
        created_original,
        items
    from (
        select
            *,
            row_number() over (partition by issue_id, history_id order by item_number asc) as copy_number
        from (
            select
                issue_id,
                item_number,
                coalesce(
                    {{ struct_field('parsed', ['id']) }},
                    'at:' || {{ struct_field('parsed', ['created']) }},
                    'number:' || cast(item_number as {{ dbt.type_string() }})
                ) as history_id,
                {{ struct_field('parsed', ['created']) }} as created_original,
                {{ json_text(struct_field('parsed', ['items'])) }} as items
            from (
                select
                    issue_id,
                    item_number,
                    {{ parse_json('item', {'id': text_type(), 'created': text_type(), 'items': json_type()}) }} as parsed
                from ({{ json_object_rows(
                    '(select record_id as issue_id, histories from ('
                    ~ stage_latest(raw('jira', 'issues'), [('changelog.histories', 'histories', 'json')])
                    ~ ') as latest where histories is not null and not is_deleted) as live_issues',
                    ['issue_id'],
                    'histories'
                ) }}) as history_rows
            ) as parsed_histories
        ) as histories
    ) as counted
    where copy_number = 1
{%- endmacro %}

{# The items of histories that delivery metrics read, with the role of their field. Every other field stays behind, since
   histories also hold people's names and texts. A field is known by its id, else by a name that it ever had; without
   `fieldtype` a history does not say whether it means a field of the tracker or a custom one. `histories` has
   issue_id, history_id, created_original, items. #}
{% macro jira_history_items(histories) -%}
    {%- set shape = {
        'field': text_type(), 'fieldId': text_type(), 'fieldtype': text_type(),
        'from': text_type(), 'fromString': text_type(), 'to': text_type(), 'toString': text_type(),
    } -%}
    {#- In what changes of which roles hold ids and keys; those of sprints are lists. -#}
    {%- set ids = ['status', 'resolution', 'project', 'parent', 'key'] -%}
    {%- set keys = ['parent', 'key'] -%}
    select
        items.issue_id,
        items.history_id,
        cast(items.item_number as bigint) as item_number,
        case when by_id.field_key is not null then by_id.role else by_name.role end as field,
        case when by_id.field_key is not null then by_id.preference else by_name.preference end as preference,
        {%- for part, column, roles_of_ids in [
            ('from', 'from_value', ids), ('fromString', 'from_text', keys), ('to', 'to_value', ids), ('toString', 'to_text', keys)
        ] %}
        {{ jira_change_value(part, roles_of_ids) }} as {{ column }},
        {%- endfor %}
        {{ jira_timestamp('items.created_original') }} as changed_at
    from (
        select
            issue_id,
            history_id,
            created_original,
            item_number,
            {{ parse_json('item', shape) }} as parsed
        from ({{ json_object_rows(histories, ['issue_id', 'history_id', 'created_original'], 'items') }}) as item_rows
    ) as items
    left join {{ ref('stg_jira__field_roles') }} as by_id
        on {{ qualified("'id:' || lower(trim(" ~ struct_field('items.parsed', ['fieldId']) ~ "))", 'items.issue_id') }} = by_id.field_key
    left join {{ ref('stg_jira__field_roles') }} as by_name
        on {{ qualified(
            "case lower(" ~ struct_field('items.parsed', ['fieldtype']) ~ ") when 'jira' then 'system:' when 'custom' then 'custom:' "
            ~ "else 'any:' end || lower(trim(" ~ struct_field('items.parsed', ['field']) ~ "))", 'items.issue_id'
        ) }} = by_name.field_key
    where case when by_id.field_key is not null then by_id.role else by_name.role end is not null
{%- endmacro %}

{# What a change says, in `jira_history_items`; of the roles that are listed it is an id or a key of the tracker. #}
{% macro jira_change_value(part, roles) -%}
    {%- set text = "nullif(trim(" ~ struct_field('items.parsed', [part]) ~ "), '')" -%}
    {%- if not instance_names() -%} {{ text }}
    {%- else -%}
        case
            when case when by_id.field_key is not null then by_id.role else by_name.role end in ('{{ roles | join("', '") }}')
                then {{ qualified(text, 'items.issue_id') }}
            else {{ text }}
        end
    {%- endif -%}
{%- endmacro %}

{# Is a row of stg_jira__field_names a field that sources.yml calls by this name or id, in this source? #}
{% macro is_jira_field(name, source_name) -%}
    {%- set own = text_literal(name | lower | trim) -%}
    (field_name = {{ own }} or lower({{ unqualified('field_id') }}) = {{ own }})
    {%- if instance_names() %} and {{ is_id_of('field_id', source_name) }} {%- endif -%}
{%- endmacro %}
