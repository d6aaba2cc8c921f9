{# Ids that stand for nobody: what clients send that have lost the one of who uses them. #}
{% macro posthog_ids_of_nobody() -%}
    'anonymous', 'guest', 'null', 'undefined', 'none', 'nan', 'true', 'false', '0', '[object object]', 'distinct_id', 'distinctid',
    'not_authenticated', 'unknown'
{%- endmacro %}

{# The properties of events that some settings of sources.yml name. #}
{% macro posthog_event_properties(settings) -%}
    {%- set found = [] -%}
    {%- for source_name in instances_of('posthog') -%}
        {%- for setting in settings -%}
            {%- for place in mapped(source_name, setting) or [] -%}
                {%- set name = place.get('event_property') -%}
                {%- if name and name not in found -%} {%- do found.append(name) -%} {%- endif -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{# What stands at the first of the places of a setting: of a person in `person_properties`, of an event in `event_groups` and the
   `columns` of its properties, too (by their names; none: it is read of persons). #}
{% macro posthog_mapped(setting, columns=none) -%}
    {%- set expressions = [] -%}
    {%- for source_name in instances_of('posthog') -%}
        {%- set found = [] -%}
        {%- for place in mapped(source_name, setting) or [] -%}
            {%- for kind, name in place.items() -%}
                {%- if kind == 'user_property' -%}
                    {%- do found.append(first_value(json_member('person_properties', text_literal(name)))) -%}
                {%- elif kind == 'group' and columns is not none -%}
                    {%- do found.append(first_value(json_member('event_groups', text_literal(name)))) -%}
                {%- elif kind == 'event_property' and columns is not none -%}
                    {%- do found.append(first_value(columns[name])) -%}
                {%- endif -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- do expressions.append(first_known(found)) -%}
    {%- endfor -%}
    {{ by_instance('posthog', expressions) }}
{%- endmacro %}

{# The answer to a question of a survey: `ref` (SQL) is the question's id, or its place from 0 on. #}
{% macro posthog_answer(properties, ref) -%}
    {{ json_property(properties, "'$survey_response' || case when " ~ ref ~ " = '0' then '' else '_' || " ~ ref ~ " end") }}
{%- endmacro %}

{# How many have a flag if it is on: a select of `columns` of `relation` and `rollout_share`. `relation` has `state_id`, its key, and
   `filters`, the flag's JSON. The share is that of the widest group of conditions that asks nothing of people; null where there is
   none, where variants split those who have it, and where a share of accounts has it, not of people. #}
{% macro posthog_shares(relation, columns) -%}
    select
        {{ columns | join(', ') }},
        case
            when listed_groups is null or variant_count > 1 then null
            when group_count = 0 then 0.0
            when is_of_accounts and open_share < 1 then null
            else open_share
        end as rollout_share
    from (
        with filter_texts as (
            select
                *,
                {{ parse_json('filters', {
                    'groups': json_type(),
                    'multivariate': {'variants': json_type()},
                    'aggregation_group_type_index': text_type(),
                }) }} as parsed
            from {{ relation }}
        ),

        told as (
            select
                *,
                cast({{ struct_field('parsed', ['groups']) }} as {{ dbt.type_string() }}) as listed_groups,
                cast({{ struct_field('parsed', ['multivariate', 'variants']) }} as {{ dbt.type_string() }}) as listed_variants,
                {{ struct_field('parsed', ['aggregation_group_type_index']) }} is not null as is_of_accounts
            from filter_texts
        ),

        group_rows as (
            {{ json_object_rows('told', ['state_id'], 'listed_groups') }}
        ),

        condition_groups as (
            select
                state_id,
                count(*) as group_count,
                max(
                    case
                        when coalesce({{ json_member('item', "'properties'") }}, '[]') = '[]'
                            then coalesce({{ try_cast(json_property('item', "'rollout_percentage'"), 'double') }}, 100) / 100
                    end
                ) as open_share
            from group_rows
            group by state_id
        ),

        variant_rows as (
            {{ json_object_rows('told', ['state_id'], 'listed_variants') }}
        ),

        variants as (
            select
                state_id,
                sum(
                    case when {{ try_cast(json_property('item', "'rollout_percentage'"), 'double') }} > 0 then 1 else 0 end
                ) as variant_count
            from variant_rows
            group by state_id
        )

        select
            told.*,
            coalesce(condition_groups.group_count, 0) as group_count,
            condition_groups.open_share,
            coalesce(variants.variant_count, 0) as variant_count
        from told
        left join condition_groups on told.state_id = condition_groups.state_id
        left join variants on told.state_id = variants.state_id
    ) as counted
{%- endmacro %}
