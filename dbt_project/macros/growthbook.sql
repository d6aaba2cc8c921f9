{# Who has a feature: a select of `columns` of `relation`, `environment`, `is_on` and `rollout_share`. `relation` has `state_id`,
   its key, `default_value`, `rules` (JSON list) and `environments` (JSON object; `enabled_path` is the member of an environment
   that says whether it is enabled, none when the environment's value itself does). The share is that of the first rule which is
   enabled, holds for the environment and asks nothing of people; without one, all or nobody, by a boolean default. What an
   experiment splits is null. #}
{% macro growthbook_states(relation, columns, enabled_path) -%}
    select
        {{ columns | join(', ') }},
        environment,
        is_on,
        case
            when not is_on then 0.0
            when rule_type = 'force' then case when rule_value = 'false' then 0.0 else 1.0 end
            when rule_type = 'rollout' then coverage
            when rule_type is not null then null
            when default_value = 'true' then 1.0
            when default_value = 'false' then 0.0
        end as rollout_share
    from (
        with environment_rows as (
            {{ json_member_rows(relation, ['state_id'], 'environments') }}
        ),

        environments as (
            select
                state_id,
                name as environment,
                {% if enabled_path -%}
                {{ try_cast(json_property('member', text_literal(enabled_path)), 'boolean') }} as is_on
                {%- else -%}
                {{ try_cast('member', 'boolean') }} as is_on
                {%- endif %}
            from environment_rows
        ),

        rule_rows as (
            {{ json_object_rows(relation, ['state_id'], 'rules') }}
        ),

        rules as (
            select
                state_id,
                item_number,
                {{ parse_json('item', {
                    'type': text_type(),
                    'value': text_type(),
                    'coverage': text_type(),
                    'enabled': text_type(),
                    'condition': text_type(),
                    'allEnvironments': text_type(),
                    'environments': json_type(),
                    'savedGroupTargeting': json_type(),
                }) }} as parsed
            from rule_rows
        ),

        open_rules as (
            select
                state_id,
                item_number,
                {{ struct_field('parsed', ['type']) }} as rule_type,
                lower({{ struct_field('parsed', ['value']) }}) as rule_value,
                {{ try_cast(struct_field('parsed', ['coverage']), 'double') }} as coverage,
                coalesce({{ struct_field('parsed', ['allEnvironments']) }}, 'true') = 'true' as is_everywhere,
                coalesce(cast({{ struct_field('parsed', ['environments']) }} as {{ dbt.type_string() }}), '[]') as of_environments
            from rules
            where
                coalesce({{ struct_field('parsed', ['enabled']) }}, 'true') = 'true'
                and coalesce({{ struct_field('parsed', ['condition']) }}, '') in ('', '{}')
                and coalesce(cast({{ struct_field('parsed', ['savedGroupTargeting']) }} as {{ dbt.type_string() }}), '[]') in ('[]', 'null')
        ),

        ranked as (
            select
                environments.state_id,
                environments.environment,
                environments.is_on,
                open_rules.rule_type,
                open_rules.rule_value,
                open_rules.coverage,
                row_number() over (
                    partition by environments.state_id, environments.environment
                    order by open_rules.item_number asc nulls last
                ) as place
            from environments
            left join open_rules
                on
                    environments.state_id = open_rules.state_id
                    and (
                        open_rules.is_everywhere
                        or {{ json_array_contains('open_rules.of_environments', 'environments.environment') }}
                    )
        )

        select
            states.*,
            ranked.environment,
            ranked.is_on,
            ranked.rule_type,
            ranked.rule_value,
            ranked.coverage
        from {{ relation }} as states
        inner join ranked
            on
                states.state_id = ranked.state_id
                and ranked.place = 1
    ) as told
{%- endmacro %}
