-- Grain: one row a declared experiment, an effect by which it is read, and a variant: the effect's bound, and the sums over the
-- variant's people from which mean, spread and difference follow (learning/effects.py).
select
    effects.experiment_id,
    effects.effect_id,
    variants.variant_key,
    effects.effect_role,
    effects.measure,
    effects.feature_id,
    effects.cap,
    effects.change_at_least,
    effects.change_at_most,
    coalesce(sums.person_count, 0) as person_count,
    coalesce(sums.above_sum, 0) as above_sum,
    coalesce(sums.above_squares, 0) as above_squares,
    coalesce(sums.below_sum, 0) as below_sum,
    coalesce(sums.below_squares, 0) as below_squares,
    coalesce(sums.products_sum, 0) as products_sum
from {{ ref('int_learning__experiment_effects') }} as effects
inner join {{ ref('int_learning__experiment_variants') }} as variants
    on effects.experiment_id = variants.experiment_id
left join {{ ref('int_learning__experiment_sums') }} as sums
    on
        effects.experiment_id = sums.experiment_id
        and effects.effect_id = sums.effect_id
        and variants.variant_key = sums.variant_key
