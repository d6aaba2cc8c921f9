-- Grain: one row an experiment and a person who was shown a variant of it, with the first time and what was shown then.
select
    experiment_id,
    person_id,
    variant_key,
    is_in_two_variants,
    {{ reporting_date('exposed_at') }} as exposed_date,
    exposed_at
from (
    select
        experiment_id,
        person_id,
        variant_key,
        count(*) over (partition by experiment_id, person_id) > 1 as is_in_two_variants,
        row_number() over (partition by experiment_id, person_id order by exposed_at asc, variant_key asc) as exposure_rank,
        exposed_at
    from {{ ref('int_learning__exposures') }}
) as exposures
where exposure_rank = 1
