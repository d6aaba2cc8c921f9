-- Grain: one row a tool's experiment, with the experiment that it is: that of the registry which names its flag and had begun
-- when it ended and not ended when it began, else itself.
with matched as (
    select
        tools.experiment_id as tool_experiment_id,
        declared.experiment_id,
        row_number() over (
            partition by tools.experiment_id
            order by declared.started_on desc, declared.experiment_id asc
        ) as match_rank
    from {{ ref('int_learning__tool_experiments') }} as tools
    left join {{ ref('int_learning__declared_experiments') }} as declared
        on
            tools.flag_key = declared.flag_key
            and (
                tools.started_at is null
                or {{ reporting_date('tools.started_at') }} <= coalesce(declared.stopped_on, declared.planned_end_on)
            )
            and (tools.ended_at is null or {{ reporting_date('tools.ended_at') }} >= declared.started_on)
)

select
    tool_experiment_id,
    coalesce(experiment_id, tool_experiment_id) as experiment_id,
    experiment_id is not null as is_declared
from matched
where match_rank = 1
