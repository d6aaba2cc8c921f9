-- Grain: one row a response to a survey that the registry declares, given before as_of, whichever tool it came from.
-- Answers to a team pulse name no person, no account and no moment, and of small teams not the team.
select
    response_id,
    source,
    survey_id,
    survey_kind,
    wave_start,
    person_id,
    account_id,
    account_rule,
    segment,
    product_id,
    feature_id,
    team_id,
    score,
    scale_min,
    scale_max,
    has_comment,
    is_latest_in_wave,
    is_counted,
    not_counted_reason,
    answered_date,
    answered_at
from {{ ref('int_surveys__responses') }}
