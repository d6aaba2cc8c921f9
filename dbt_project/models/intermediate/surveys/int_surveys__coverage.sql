-- Grain: one row a survey tool and check (and a reason, where there are several): how many of how many are as its name
-- says.
with responses as (
    select source, survey_id
    from {{ ref('int_surveys__tool_responses') }}
),

response_totals as (
    select
        source,
        count(*) as response_count,
        sum(case when survey_id is not null then 1 else 0 end) as declared_count
    from responses
    group by source
),

declared as (
    select
        responses.source,
        responses.survey_kind,
        responses.is_counted,
        responses.not_counted_reason,
        responses.person_id,
        responses.account_id,
        responses.product_id,
        responses.feature_id,
        responses.team_id
    from {{ ref('int_surveys__responses') }} as responses
),

declared_totals as (
    select
        source,
        count(*) as response_count,
        sum(case when is_counted and survey_kind <> 'team_pulse' then 1 else 0 end) as customer_count,
        sum(case when is_counted and survey_kind <> 'team_pulse' and person_id <> '(unknown)' then 1 else 0 end)
            as person_count,
        sum(case when is_counted and survey_kind <> 'team_pulse' and account_id <> '(unknown)' then 1 else 0 end)
            as account_count,
        sum(case when is_counted and (product_id = '(unmapped)' or feature_id = '(unmapped)') then 1 else 0 end)
            as unmapped_subject_count,
        sum(case when is_counted then 1 else 0 end) as counted_count,
        sum(case when survey_kind = 'team_pulse' then 1 else 0 end) as pulse_count,
        sum(case when survey_kind = 'team_pulse' and team_id = '(hidden)' then 1 else 0 end) as hidden_count
    from declared
    group by source
),

not_counted as (
    select source, not_counted_reason as reason, count(*) as counted
    from declared
    where not is_counted
    group by source, not_counted_reason
),

without_person as (
    select declared.source, respondents.unmatched_reason as reason, count(*) as counted
    from {{ ref('int_surveys__respondents') }} as respondents
    inner join {{ ref('int_surveys__responses') }} as declared on respondents.response_id = declared.response_id
    where declared.is_counted and respondents.unmatched_reason is not null
    group by declared.source, respondents.unmatched_reason
),

forms as (
    select
        count(*) as form_count,
        sum(case when surveys.survey_id is not null then 1 else 0 end) as declared_count
    from {{ ref('stg_typeform__forms') }} as forms
    left join {{ ref('stg_registry__surveys') }} as surveys
        on surveys.tool = 'typeform' and forms.form_id = surveys.form_id
    where not forms.is_deleted
),

rows_of_checks as (
    select
        'survey_forms' as subject,
        'typeform' as source,
        'forms_declared' as check_name,
        declared_count as counted,
        form_count as total,
        'Forms that the registry declares as surveys; nothing of the others is in any number.' as explanation
    from forms
    where form_count > 0
    union all
    select
        'survey_responses' as subject,
        source,
        'responses_to_declared_forms' as check_name,
        declared_count as counted,
        response_count as total,
        'Responses to forms that the registry declares; the others are unmapped and in no number.' as explanation
    from response_totals
    union all
    select
        'survey_responses' as subject,
        source,
        'answers_with_person' as check_name,
        person_count as counted,
        customer_count as total,
        'Counted answers of customers whose person is known; an answer without one cannot be told from a second answer.'
            as explanation
    from declared_totals
    union all
    select
        'survey_responses' as subject,
        source,
        'answers_with_account' as check_name,
        account_count as counted,
        customer_count as total,
        'Counted answers of customers whose account is known; the others are in segment (unknown).' as explanation
    from declared_totals
    union all
    select
        'survey_responses' as subject,
        source,
        'answers_about_unmapped_product_or_feature' as check_name,
        unmapped_subject_count as counted,
        counted_count as total,
        'Counted answers about a product or feature that the registry does not have.' as explanation
    from declared_totals
    union all
    select
        'survey_responses' as subject,
        source,
        'team_answers_hidden' as check_name,
        hidden_count as counted,
        pulse_count as total,
        'Answers to team pulses that are not shown by team, because too few of the team have answered.' as explanation
    from declared_totals
    where pulse_count > 0
    union all
    select
        'survey_responses' as subject,
        not_counted.source,
        'responses_not_counted_' || not_counted.reason as check_name,
        not_counted.counted,
        declared_totals.response_count as total,
        'Responses to declared surveys that are in no number, by reason.' as explanation
    from not_counted
    inner join declared_totals on not_counted.source = declared_totals.source
    union all
    select
        'survey_responses' as subject,
        without_person.source,
        'answers_without_person_' || without_person.reason as check_name,
        without_person.counted,
        declared_totals.customer_count as total,
        'Counted answers of customers whose person is not known, by reason.' as explanation
    from without_person
    inner join declared_totals on without_person.source = declared_totals.source
)

select
    subject,
    source,
    check_name,
    cast(coalesce(counted, 0) as bigint) as counted,
    cast(coalesce(total, 0) as bigint) as total,
    explanation
from rows_of_checks
