-- Grain: one row a declared experiment, an effect and a variant: what is needed of its people to compare it with another, however
-- many they are. A person counts with what they did from the day of their first exposure until the experiment is read no
-- longer; whoever did nothing counts with 0, and whoever was shown two variants does not count. `above` is what is
-- measured, `below` over what: 1 but for `uses_per_day`.
with people as (
    select
        exposures.experiment_id,
        exposures.person_id,
        exposures.variant_key,
        {{ reporting_date('exposures.exposed_at') }} as first_day,
        {{ reporting_date(add_time('second', -1, 'experiments.reads_until')) }} as last_day
    from (
        select
            experiment_id,
            person_id,
            min(variant_key) as variant_key,
            min(exposed_at) as exposed_at
        from {{ ref('int_learning__exposures') }}
        group by experiment_id, person_id
        having count(*) = 1
    ) as exposures
    inner join {{ ref('int_learning__experiments') }} as experiments
        on exposures.experiment_id = experiments.experiment_id
),

uses as (
    select
        people.experiment_id,
        people.person_id,
        effects.effect_id,
        count(distinct usage.event_date) as day_count,
        sum(usage.event_count) as use_count
    from people
    inner join {{ ref('int_learning__experiment_effects') }} as effects
        on people.experiment_id = effects.experiment_id
    inner join {{ ref('int_usage__active_days') }} as usage
        on
            people.person_id = usage.person_id
            and people.first_day <= usage.event_date
            and people.last_day >= usage.event_date
            and (effects.feature_id is null or effects.feature_id = usage.feature_id)
    group by people.experiment_id, people.person_id, effects.effect_id
),

tickets as (
    select
        people.experiment_id,
        people.person_id,
        effects.effect_id,
        count(*) as ticket_count
    from people
    inner join {{ ref('int_learning__experiment_effects') }} as effects
        on people.experiment_id = effects.experiment_id and effects.measure = 'tickets'
    inner join {{ ref('int_support__tickets') }} as tickets
        on
            people.person_id = tickets.person_id
            and tickets.is_counted
            and people.first_day <= tickets.created_date
            and people.last_day >= tickets.created_date
            and (effects.feature_id is null or effects.feature_id = tickets.feature_id)
    group by people.experiment_id, people.person_id, effects.effect_id
),

measured as (
    select
        people.experiment_id,
        effects.effect_id,
        people.variant_key,
        effects.cap,
        cast(
            case effects.measure
                when 'adoption' then case when uses.use_count > 0 then 1 else 0 end
                when 'days' then coalesce(uses.day_count, 0)
                when 'tickets' then coalesce(tickets.ticket_count, 0)
                else coalesce(uses.use_count, 0)
            end as double
        ) as value,
        cast(case when effects.measure = 'uses_per_day' then coalesce(uses.day_count, 0) else 1 end as double) as below
    from people
    inner join {{ ref('int_learning__experiment_effects') }} as effects
        on people.experiment_id = effects.experiment_id
    left join uses
        on
            people.experiment_id = uses.experiment_id
            and people.person_id = uses.person_id
            and effects.effect_id = uses.effect_id
    left join tickets
        on
            people.experiment_id = tickets.experiment_id
            and people.person_id = tickets.person_id
            and effects.effect_id = tickets.effect_id
),

capped as (
    select
        experiment_id,
        effect_id,
        variant_key,
        case when value > cap then cap else value end as above,
        below
    from measured
)

select
    experiment_id,
    effect_id,
    variant_key,
    count(*) as person_count,
    sum(above) as above_sum,
    sum(above * above) as above_squares,
    sum(below) as below_sum,
    sum(below * below) as below_squares,
    sum(above * below) as products_sum
from capped
group by experiment_id, effect_id, variant_key
