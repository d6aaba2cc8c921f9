{# From what the flags of a tool were at moments (flag_id, flag_key, environment, is_on, rollout_share, changed_at, is_of_history: the
   tool's own history says so, not a reading) to the moments at which they were switched, or given to more or fewer people. #}
{% macro flag_changes_of(told) -%}
    select
        flag_id,
        flag_key,
        environment,
        is_on,
        rollout_share,
        was_on is null and not is_of_history as is_first_known,
        changed_at
    from (
        select
            *,
            lag(is_on) over (partition by flag_id, environment order by changed_at) as was_on,
            lag(rollout_share) over (partition by flag_id, environment order by changed_at) as share_before
        from (
            select
                *,
                row_number() over (
                    partition by flag_id, environment, changed_at
                    order by is_of_history desc, is_on desc, rollout_share desc nulls last
                ) as place
            from {{ told }}
        ) as moments
        where place = 1
    ) as followed
    where
        was_on is null
        or is_on <> was_on
        or coalesce(rollout_share, -1) <> coalesce(share_before, -1)
{%- endmacro %}
