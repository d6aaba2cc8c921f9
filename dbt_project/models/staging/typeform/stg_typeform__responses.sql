-- Grain: one row a completed response submitted before as_of, deleted ones included and marked. What its answers and
-- hidden fields mean is read by the mapping of registry/surveys.yml, here, because texts, addresses and user ids end
-- here; of a form that is not declared nothing is read. A hidden field that the sender left out is empty or says xxxxx.
with responses as (
    {{ stage_as_of(raw('typeform', 'responses'), [
        ('form_id', 'form_id', 'id'),
        ('answers', 'answers', 'json'),
        ('hidden', 'hidden', 'json'),
        ('landed_at', 'landed_at', 'timestamp'),
        ('submitted_at', 'submitted_at', 'timestamp'),
    ], 'submitted_at') }}
),

surveys as (
    select *
    from {{ ref('stg_registry__surveys') }}
    where tool = 'typeform'
),

answer_rows as (
    {{ json_object_rows('responses', ['record_id', 'form_id'], 'answers') }}
),

parsed_answers as (
    select
        record_id,
        form_id,
        {{ parse_json('item', {
            'field': {'ref': text_type()},
            'number': text_type(),
            'text': text_type(),
            'choice': {'label': text_type()},
        }) }} as parsed
    from answer_rows
),

answers as (
    select
        record_id,
        form_id,
        {{ struct_field('parsed', ['field', 'ref']) }} as question_ref,
        coalesce(
            {{ struct_field('parsed', ['number']) }}, {{ struct_field('parsed', ['choice', 'label']) }}
        ) as score_original,
        {{ struct_field('parsed', ['text']) }} as answer_text
    from parsed_answers
),

answers_by_response as (
    select
        answers.record_id,
        max(case when answers.question_ref = surveys.score_ref then answers.score_original end) as score_original,
        max(case
            when answers.question_ref = surveys.comment_ref and trim(answers.answer_text) <> '' then 1 else 0
        end) = 1 as has_comment
    from answers
    inner join surveys on answers.form_id = surveys.form_id
    group by answers.record_id
),

hidden_fields as (
    select
        responses.record_id
        {%- for name in ['user', 'email', 'account', 'product', 'feature', 'team'] %},
        nullif(
            nullif(trim({{ json_property('responses.hidden', 'surveys.' ~ name ~ '_field') }}), ''), 'xxxxx'
        ) as {{ name }}_value
        {%- endfor %}
    from responses
    inner join surveys on responses.form_id = surveys.form_id
),

internal_domains as (
    select lower(trim(value)) as email_domain
    from {{ ref('stg_registry__exclusions') }}
    where exclusion_id = 'internal_email_domains'
)

select
    responses.record_id as response_id,
    responses.form_id,
    {{ pseudonym('hidden_fields.user_value') }} as app_user_hash,
    {{ email_hash('hidden_fields.email_value') }} as email_hash,
    hidden_fields.account_value as account_key,
    hidden_fields.product_value as product_id,
    hidden_fields.feature_value as feature_id,
    hidden_fields.team_value as team_id,
    answers_by_response.score_original,
    {{ try_cast('answers_by_response.score_original', 'double') }} as score,
    coalesce(answers_by_response.has_comment, false) as has_comment,
    internal_domains.email_domain is not null as is_internal_email,
    responses.is_deleted,
    responses.landed_at,
    responses.submitted_at as answered_at
from responses
left join answers_by_response on responses.record_id = answers_by_response.record_id
left join hidden_fields on responses.record_id = hidden_fields.record_id
left join internal_domains
    on {{ text_part("lower(trim(hidden_fields.email_value))", "'@'", 2) }} = internal_domains.email_domain
where responses.submitted_at < {{ as_of_at() }}
