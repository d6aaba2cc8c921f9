-- Grain: one row an experiment and a variant, with the people who were shown it alone.
select
    variants.experiment_id,
    variants.variant_key,
    variants.variant_name,
    variants.weight,
    variants.is_control,
    count(exposures.person_id) as exposed_count
from {{ ref('int_learning__experiment_variants') }} as variants
left join {{ ref('fct_exposure') }} as exposures
    on
        variants.experiment_id = exposures.experiment_id
        and variants.variant_key = exposures.variant_key
        and not exposures.is_in_two_variants
group by variants.experiment_id, variants.variant_key, variants.variant_name, variants.weight, variants.is_control
