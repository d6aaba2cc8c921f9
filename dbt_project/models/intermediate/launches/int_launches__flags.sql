-- Grain: one row a flag that the registry names with a feature, of those that reached everybody in production: on which day first,
-- and since when it has been off there. What was given to everybody before it was first read was launched nobody knows when.
-- A tool without environments knows production alone.
with production_names as (
    select name
    from {{ ref('stg_registry__delivery_rules') }}
    where rule_id = 'production_environments'
),

changes as (
    select
        flags.feature_id,
        changes.flag_id,
        changes.flag_key,
        changes.is_on,
        changes.is_on and changes.rollout_share >= 1 as is_full,
        changes.is_first_known,
        changes.changed_at,
        {{ reporting_date('changes.changed_at') }} as changed_date,
        row_number() over (
            partition by changes.flag_id, changes.environment
            order by changes.changed_at desc
        ) as newest_rank
    from {{ ref('int_learning__flag_changes') }} as changes
    inner join {{ ref('stg_registry__feature_flags') }} as flags
        on changes.flag_key = flags.flag_key
    left join production_names
        on lower(changes.environment) = production_names.name
    where
        changes.changed_at < {{ as_of_at() }}
        and (production_names.name is not null or changes.environment = '(all)')
)

select
    flag_id,
    flag_key,
    feature_id,
    min(case when is_full then changed_date end) as launched_on,
    case
        when sum(case when newest_rank = 1 and is_on then 1 else 0 end) = 0
            then max(case when newest_rank = 1 then changed_date end)
    end as switched_off_on
from changes
group by flag_id, flag_key, feature_id
having min(case when is_full then changed_at end) = min(case when is_full and not is_first_known then changed_at end)
