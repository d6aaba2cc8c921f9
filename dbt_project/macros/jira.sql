{# A Jira timestamp: ISO with an offset, or seconds or milliseconds since 1970. #}
{% macro jira_timestamp(text) -%}
    coalesce({{ parse_timestamp(text) }}, {{ from_epoch(text) }})
{%- endmacro %}

{# The field of a history item that delivery metrics read: status, duedate, resolution, sprint (its values are ids parted
   by commas) or points (its values are texts); null for every other field. Custom fields are known by their names,
   because their ids differ by site. #}
{% macro jira_history_field(item) -%}
    case
        when lower({{ struct_field(item, ['field']) }}) = 'sprint' then 'sprint'
        when lower({{ struct_field(item, ['field']) }}) in ('story points', 'story point estimate') then 'points'
        when
            lower(coalesce({{ struct_field(item, ['fieldId']) }}, {{ struct_field(item, ['field']) }}))
            in ('status', 'duedate', 'resolution')
            then lower(coalesce({{ struct_field(item, ['fieldId']) }}, {{ struct_field(item, ['field']) }}))
    end
{%- endmacro %}

{# The items of histories that delivery metrics read. Every other field stays behind, since histories also hold people's
   names and texts. `histories` has issue_id, history_id, created_original, items. #}
{% macro jira_history_items(histories) -%}
    {%- set shape = {
        'field': text_type(), 'fieldId': text_type(),
        'from': text_type(), 'fromString': text_type(), 'to': text_type(), 'toString': text_type(),
    } -%}
    select
        issue_id,
        history_id,
        item_number,
        {{ jira_history_field('parsed') }} as field,
        {{ struct_field('parsed', ['from']) }} as from_value,
        {{ struct_field('parsed', ['fromString']) }} as from_text,
        {{ struct_field('parsed', ['to']) }} as to_value,
        {{ struct_field('parsed', ['toString']) }} as to_text,
        {{ jira_timestamp('created_original') }} as changed_at
    from (
        select
            issue_id,
            history_id,
            created_original,
            item_number,
            {{ parse_json('item', shape) }} as parsed
        from ({{ json_object_rows(histories, ['issue_id', 'history_id', 'created_original'], 'items') }}) as item_rows
    ) as parsed_items
    where {{ jira_history_field('parsed') }} is not null
{%- endmacro %}
