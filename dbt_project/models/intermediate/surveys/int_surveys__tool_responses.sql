-- Grain: one row a response of any survey tool, given before as_of and not deleted, in the same columns whichever tool
-- it came from. `survey_id` and what the registry declares of the survey are null for a form that nobody declared. An answer
-- that names a product, feature or team as it was called before is about it under its id of now.
with typeform_responses as (
    select
        'typeform' as source,
        'typeform:' || response_id as response_id,
        form_id,
        app_user_hash,
        email_hash,
        account_key,
        product_id,
        feature_id,
        team_id,
        score,
        score_original is not null as is_answered,
        has_comment,
        is_internal_email,
        answered_at
    from {{ ref('stg_typeform__responses') }}
    where not is_deleted
),

-- What a column of a file means is said by the file's own mapping; a file names no team.
file_responses as (
    select
        'files' as source,
        'files:' || response_id as response_id,
        survey_id as form_id,
        app_user_hash,
        email_hash,
        account_key,
        product_id,
        feature_id,
        cast(null as {{ dbt.type_string() }}) as team_id,
        score,
        score is not null as is_answered,
        has_comment,
        false as is_internal_email,
        answered_at
    from {{ ref('stg_files__survey_responses') }}
),

-- An event is deleted nowhere but by hand.
posthog_responses as (
    select
        'posthog' as source,
        'posthog:' || response_id as response_id,
        form_id,
        app_user_hash,
        email_hash,
        account_key,
        product_id,
        feature_id,
        team_id,
        score,
        score_original is not null as is_answered,
        has_comment,
        is_internal_email,
        answered_at
    from {{ ref('stg_posthog__survey_responses') }}
),

tool_responses as (
    select * from typeform_responses
    union all
    select * from posthog_responses
    union all
    select * from file_responses
)

select
    responses.response_id,
    responses.source,
    responses.form_id,
    surveys.survey_id,
    surveys.survey_kind,
    surveys.wave,
    surveys.scale_min,
    surveys.scale_max,
    responses.app_user_hash,
    responses.email_hash,
    responses.account_key,
    coalesce(surveys.product_id, former_products.member_id, responses.product_id) as product_id,
    coalesce(surveys.feature_id, former_features.member_id, responses.feature_id) as feature_id,
    coalesce(former_teams.member_id, responses.team_id) as team_id,
    responses.score,
    responses.has_comment,
    responses.is_internal_email,
    case
        when surveys.survey_id is null then 'unmapped_form'
        when not responses.is_answered then 'no_score'
        when responses.score is null then 'score_not_a_number'
        when responses.score < surveys.scale_min or responses.score > surveys.scale_max then 'score_out_of_scale'
        when responses.score <> floor(responses.score) then 'score_between_points'
    end as quarantine_reason,
    responses.answered_at,
    {{ reporting_date('responses.answered_at') }} as answered_date
from tool_responses as responses
left join {{ ref('stg_registry__surveys') }} as surveys
    on
        responses.source = surveys.tool
        and responses.form_id = surveys.form_id
{%- for column in ['product', 'feature', 'team'] %}
left join {{ ref('stg_registry__former_ids') }} as former_{{ column }}s
    on
        former_{{ column }}s.dimension = '{{ column }}_id'
        and responses.{{ column }}_id = former_{{ column }}s.former_id
{%- endfor %}
