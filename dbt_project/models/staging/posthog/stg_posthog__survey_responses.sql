-- Grain: one row a response to a survey given before as_of: of the events of a submission the one that ends it, else the last. What
-- its answers mean is read by the mapping of registry/surveys.yml, here, because texts end here; of a survey that is not declared
-- nothing is read. A question is known by its id, or by its place from 0 on. Whose it is, the event says.
{% set sent_events %}
    (
        select *
        from {{ raw('posthog', 'events') }} as events
        where {{ contains_text('record', "'survey sent'") }}
    )
{% endset %}
with events as (
    {{ stage_as_of(sent_events, [
        ('event', 'event_type', 'text'),
        ('properties', 'properties', 'json'),
        ('timestamp', 'sent_at', 'timestamp'),
    ]) }}
),

sent as (
    select
        record_id,
        {{ qualified(json_property('properties', "'$survey_id'")) }} as form_id,
        {{ qualified("coalesce(nullif(" ~ json_property('properties', "'$survey_submission_id'") ~ ", ''), " ~ unqualified('record_id') ~ ")") }}
            as response_id,
        coalesce({{ json_property('properties', "'$survey_completed'") }}, 'true') = 'true' as is_whole,
        properties,
        sent_at
    from events
    where
        event_type = 'survey sent'
        and sent_at < {{ as_of_at() }}
),

ranked as (
    select
        *,
        row_number() over (
            partition by form_id, response_id
            order by is_whole desc, sent_at desc, record_id asc
        ) as place
    from sent
    where form_id is not null
),

surveys as (
    select *
    from {{ ref('stg_registry__surveys') }}
    where tool = 'posthog'
),

answers as (
    select
        ranked.record_id,
        ranked.form_id,
        ranked.response_id,
        ranked.sent_at,
        {{ posthog_answer('ranked.properties', 'surveys.score_ref') }} as score_original,
        nullif(trim({{ posthog_answer('ranked.properties', 'surveys.comment_ref') }}), '') is not null as has_comment
        {%- for name in ['product', 'feature', 'team'] %},
        nullif(trim({{ json_property('ranked.properties', 'surveys.' ~ name ~ '_field') }}), '') as {{ name }}_id
        {%- endfor %}
    from ranked
    left join surveys on ranked.form_id = surveys.form_id
    where ranked.place = 1
),

-- A row that came twice is one event.
senders as (
    select
        event_id,
        max(user_hash) as app_user_hash,
        max(email_hash) as email_hash,
        max(email_domain_hash) as email_domain_hash,
        max(app_account_id) as account_key
    from {{ ref('stg_posthog__events') }}
    where
        event_type = 'survey sent'
        and quarantine_reason is null
    group by event_id
),

internal_domains as (
    select {{ pseudonym('value') }} as email_domain_hash
    from {{ ref('stg_registry__exclusions') }}
    where exclusion_id = 'internal_email_domains'
)

select
    answers.response_id,
    answers.form_id,
    senders.app_user_hash,
    senders.email_hash,
    senders.account_key,
    answers.product_id,
    answers.feature_id,
    answers.team_id,
    answers.score_original,
    {{ try_cast('answers.score_original', 'double') }} as score,
    answers.has_comment,
    internal_domains.email_domain_hash is not null as is_internal_email,
    answers.sent_at as answered_at
from answers
inner join senders on answers.record_id = senders.event_id
left join internal_domains on senders.email_domain_hash = internal_domains.email_domain_hash
