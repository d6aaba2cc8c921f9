-- Grain: one row a survey tool and check (and a reason, where there are several): how many of how many are as its name
-- says.
with forms as (
    select
        'typeform' as source,
        surveys.survey_id
    from {{ ref('stg_typeform__forms') }} as forms
    left join {{ ref('stg_registry__surveys') }} as surveys
        on surveys.tool = 'typeform' and forms.form_id = surveys.form_id
    where not forms.is_deleted
    union all
    select
        'posthog' as source,
        surveys.survey_id
    from {{ ref('stg_posthog__surveys') }} as forms
    left join {{ ref('stg_registry__surveys') }} as surveys
        on surveys.tool = 'posthog' and forms.form_id = surveys.form_id
    -- One that was never opened asked nobody.
    where not forms.is_deleted and forms.opened_at is not null
),

answers as (
    select
        responses.source,
        responses.survey_kind = 'team_pulse' as is_pulse,
        responses.is_counted,
        responses.is_counted and responses.survey_kind <> 'team_pulse' as is_of_customer,
        case when not responses.is_counted then responses.not_counted_reason end as not_counted_reason,
        case when responses.is_counted then respondents.unmatched_reason end as unmatched_reason,
        responses.person_id,
        responses.account_id,
        responses.product_id,
        responses.feature_id,
        responses.team_id
    from {{ ref('int_surveys__responses') }} as responses
    left join {{ ref('int_surveys__respondents') }} as respondents
        on responses.response_id = respondents.response_id
),

pulse_answers as (
    select *
    from answers
    where is_pulse
)

{{ coverage_rows('forms', 'survey_forms', [
    ('forms_declared', 'survey_id is not null', 'true',
     'Forms that the registry declares as surveys; nothing of the others is in any number.'),
]) }}
union all
{{ coverage_rows(ref('int_surveys__tool_responses'), 'survey_responses', [
    ('responses_to_declared_forms', 'survey_id is not null', 'true',
     'Responses to forms that the registry declares; the others are unmapped and in no number.'),
]) }}
union all
{{ coverage_rows('answers', 'survey_responses', [
    ('answers_with_person', "person_id <> '(unknown)'", 'is_of_customer',
     'Counted answers of customers whose person is known; an answer without one cannot be told from a second answer.'),
    ('answers_with_account', "account_id <> '(unknown)'", 'is_of_customer',
     'Counted answers of customers whose account is known; the others are in segment (unknown).'),
    ('answers_about_unmapped_product_or_feature', "product_id = '(unmapped)' or feature_id = '(unmapped)'", 'is_counted',
     'Counted answers about a product or feature that the registry does not have.'),
]) }}
union all
{{ coverage_rows('pulse_answers', 'survey_responses', [
    ('team_answers_hidden', "team_id = '(hidden)'", 'true',
     'Answers to team pulses that are not shown by team, because too few of the team have answered.'),
]) }}
union all
{{ coverage_rows_by_reason(
    'answers', "'survey_responses'", "'responses_not_counted_' || not_counted_reason", 'not_counted_reason',
    'Responses to declared surveys that are in no number, by reason.'
) }}
union all
{{ coverage_rows_by_reason(
    'answers', "'survey_responses'", "'answers_without_person_' || unmatched_reason", 'unmatched_reason',
    'Counted answers of customers whose person is not known, by reason.',
    total='is_of_customer'
) }}
