-- Grain: one row a response to a declared survey, given before as_of, whichever tool it came from. Of the answers of a
-- respondent about one thing in a wave, the latest counts; so do none of colleagues and test accounts. Answers to a team
-- pulse carry no person, no account and no time but their wave, and no team where too few of it have answered.
with responses as (
    select
        *,
        {{ survey_wave_start('wave', 'answered_date') }} as wave_start
    from {{ ref('int_surveys__tool_responses') }}
    where survey_id is not null
),

joined as (
    select
        responses.response_id,
        responses.source,
        responses.survey_id,
        responses.survey_kind,
        responses.wave_start,
        responses.score,
        responses.scale_min,
        responses.scale_max,
        responses.has_comment,
        responses.quarantine_reason,
        responses.answered_at,
        responses.answered_date,
        respondents.person_id,
        respondents.account_id,
        respondents.account_rule,
        coalesce(respondents.respondent_key, responses.response_id) as respondent_key,
        case
            when responses.feature_id is null then '(unknown)'
            when features.feature_id is null then '(unmapped)'
            else features.feature_id
        end as feature_id,
        case
            when responses.product_id is null and responses.feature_id is null then '(unknown)'
            when coalesce(products.product_id, features.product_id) is null then '(unmapped)'
            else coalesce(products.product_id, features.product_id)
        end as product_id,
        case
            when responses.survey_kind = 'team_pulse' and teams.is_visible then teams.team_id
            when responses.survey_kind = 'team_pulse' then '(hidden)'
            else '(unknown)'
        end as team_id,
        segments.segment,
        case
            when responses.quarantine_reason is not null then responses.quarantine_reason
            when respondents.is_internal then 'internal'
            when respondents.is_test_account then 'test_account'
            when responses.survey_kind = 'team_pulse' and not coalesce(teams.is_wave_visible, false) then 'too_few'
        end as not_counted_reason
    from responses
    left join {{ ref('int_surveys__respondents') }} as respondents
        on responses.response_id = respondents.response_id
    left join {{ ref('int_features__features') }} as features on responses.feature_id = features.feature_id
    left join {{ ref('stg_registry__products') }} as products on responses.product_id = products.product_id
    left join {{ ref('int_surveys__team_visibility') }} as teams
        on
            responses.survey_id = teams.survey_id
            and responses.wave_start = teams.wave_start
            and coalesce(responses.team_id, '(unknown)') = teams.team_id
    left join {{ ref('int_crm__account_segments') }} as segments
        on
            respondents.account_id = segments.account_id
            and responses.answered_date >= segments.valid_from
            and responses.answered_date < segments.valid_to
),

ranked as (
    select
        *,
        row_number() over (
            partition by survey_id, wave_start, respondent_key, product_id, feature_id, quarantine_reason is null
            order by answered_at desc, response_id desc
        ) as place_in_wave
    from joined
),

flagged as (
    select
        *,
        quarantine_reason is null and place_in_wave = 1 as is_latest_in_wave,
        survey_kind = 'team_pulse' as is_of_a_team
    from ranked
)

select
    response_id,
    source,
    survey_id,
    survey_kind,
    wave_start,
    case when quarantine_reason is null and coalesce(not_counted_reason, '') <> 'too_few' then score end as score,
    scale_min,
    scale_max,
    has_comment,
    coalesce(person_id, '(unknown)') as person_id,
    coalesce(account_id, '(unknown)') as account_id,
    account_rule,
    coalesce(segment, '(unknown)') as segment,
    product_id,
    feature_id,
    team_id,
    is_latest_in_wave,
    coalesce(not_counted_reason, case when not is_latest_in_wave then 'answered_again' end) as not_counted_reason,
    not_counted_reason is null and is_latest_in_wave as is_counted,
    case when is_of_a_team then wave_start else answered_date end as answered_date,
    case when not is_of_a_team then answered_at end as answered_at
from flagged
