{# Kaplan-Meier median of durations in whole days, some of which had not ended when they were last seen.
   `relation` has one row a group, `duration_days` and `is_ended` with a `subject_count`; `groups` names its columns.
   A select of one row a group: median_days (the smallest duration at which at most half are left; null when it is
   never reached), subject_count, ended_count. #}
{% macro survival_median(relation, groups) -%}
    {%- set group_list = groups | join(', ') -%}
    select
        {{ group_list }},
        min(case when log_survival <= ln(0.5 + 1e-9) then duration_days end) as median_days,
        cast(max(total_count) as bigint) as subject_count,
        cast(sum(ended_count) as bigint) as ended_count
    from (
        select
            {{ group_list }},
            duration_days,
            ended_count,
            total_count,
            sum(case
                when ended_count = at_risk_count then -1000.0
                else ln(1.0 - cast(ended_count as double) / at_risk_count)
            end) over (partition by {{ group_list }} order by duration_days) as log_survival
        from (
            select
                {{ group_list }},
                duration_days,
                ended_count,
                sum(subject_count) over (partition by {{ group_list }}) as total_count,
                sum(subject_count) over (partition by {{ group_list }} order by duration_days desc) as at_risk_count
            from (
                select
                    {{ group_list }},
                    duration_days,
                    sum(subject_count) as subject_count,
                    sum(case when is_ended then subject_count else 0 end) as ended_count
                from {{ relation }}
                group by {{ group_list }}, duration_days
            ) as durations
        ) as at_risk
    ) as survival
    group by {{ group_list }}
{%- endmacro %}
