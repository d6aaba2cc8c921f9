{# What an environment of a flag says of who has it: a select of `columns` of `relation`, `is_on`, `rollout_share` (of those
   who are in no target and no rule, how many get another variation than the one of a flag that is off) and `modified_at` (UTC).
   `relation` has `state_id`, its key, and the environment's JSON in `member`. #}
{% macro launchdarkly_states(relation, columns) -%}
    select
        {{ columns | join(', ') }},
        is_on,
        case
            when not is_on then 0.0
            when variation is not null then case when variation = off_variation then 0.0 else 1.0 end
            else share
        end as rollout_share,
        modified_at
    from (
        with parsed_states as (
            select
                *,
                {{ parse_json('member', {
                    'on': text_type(),
                    'offVariation': text_type(),
                    'lastModified': text_type(),
                    'fallthrough': {'variation': text_type(), 'rollout': {'variations': json_type()}},
                }) }} as parsed
            from {{ relation }}
        ),

        states as (
            select
                *,
                {{ try_cast(struct_field('parsed', ['on']), 'boolean') }} as is_on,
                coalesce({{ try_cast(struct_field('parsed', ['offVariation']), 'bigint') }}, -1) as off_variation,
                {{ try_cast(struct_field('parsed', ['fallthrough', 'variation']), 'bigint') }} as variation,
                cast({{ struct_field('parsed', ['fallthrough', 'rollout', 'variations']) }} as {{ dbt.type_string() }}) as weights,
                {{ from_epoch(struct_field('parsed', ['lastModified'])) }} as modified_at
            from parsed_states
        ),

        weights as (
            {{ json_object_rows('states', ['state_id', 'off_variation'], 'weights') }}
        ),

        shares as (
            select
                state_id,
                sum(
                    case
                        when {{ try_cast(json_property('item', "'variation'"), 'bigint') }} <> off_variation
                            then {{ try_cast(json_property('item', "'weight'"), 'double') }}
                        else 0
                    end
                ) / 100000.0 as share
            from weights
            group by state_id
        )

        select
            states.*,
            shares.share
        from states
        left join shares
            on states.state_id = shares.state_id
    ) as told
{%- endmacro %}
