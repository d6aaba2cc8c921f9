-- Grain: one row a feature of the registry, and one each for use that no feature claims, tickets that no tag tells, and
-- answers about none.
select
    feature_id,
    feature_name,
    product_id,
    product_name,
    team_id,
    live_from,
    live_until,
    launched_on,
    is_instrumented,
    has_ticket_tags,
    has_epics,
    has_feedback_sources,
    adoption_target
from {{ ref('int_features__features') }}
{{ special_members(
    ['(unmapped)', '(untagged)', '(unknown)'],
    ['feature_id', 'feature_name', 'product_id', 'product_name'],
    {'team_id': "'(unknown)'", 'is_instrumented': 'false'}
) }}
