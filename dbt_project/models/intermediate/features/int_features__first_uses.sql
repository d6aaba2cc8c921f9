-- One row a person and instrumented feature that the person's plan includes: from which day the person could use it,
-- and on which day the person first did (null when not yet). Persons who were there before the history began are left
-- out, unless the feature came later.
with persons as (
    select person_id, coalesce(plan, '(unknown)') as plan, first_active_date, is_pre_existing
    from {{ ref('int_identity__persons') }}
    where first_active_date is not null and not is_excluded
),

first_uses as (
    select person_id, feature_id, min(event_date) as first_use_date
    from {{ ref('int_usage__active_days') }}
    group by person_id, feature_id
)

select
    persons.person_id,
    features.feature_id,
    features.product_id,
    case
        when features.live_from > persons.first_active_date then features.live_from
        else persons.first_active_date
    end as start_date,
    first_uses.first_use_date
from persons
cross join {{ ref('int_usage__horizon') }} as horizon
inner join {{ ref('int_features__eligible_plans') }} as features
    on
        persons.plan = features.plan
        and (not persons.is_pre_existing or horizon.starts_on < features.live_from)
left join first_uses
    on persons.person_id = first_uses.person_id and features.feature_id = first_uses.feature_id
