-- The numerator of the adoption rate is a part of its denominator: a rate above 1 would mean that people without the
-- feature are counted as its users.
select feature_id, week_start, adopter_count, eligible_user_count
from {{ ref('mart_feature_week') }}
where adopter_count > eligible_user_count
