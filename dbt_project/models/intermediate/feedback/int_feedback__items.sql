-- Grain: one row an item of feedback of a customer, whichever tool it came from: what colleagues and test accounts say
-- is left out. Its kind is the one that it came with (a dropped file says it), else what the registry says of its channel.
with items as (
    {% for model in [
        'int_feedback__notes',
        'int_feedback__ticket_ratings',
        'int_feedback__survey_comments',
        'int_feedback__file_items',
    ] -%}
    select
        feedback_id, source, channel, kind, account_id, account_rule, person_id, feature_id, product_id, theme, survey_id,
        sentiment, score, created_at
    from {{ ref(model) }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
)

select
    items.feedback_id,
    coalesce(items.kind, sources.kind, '(unknown)') as kind,
    items.source,
    coalesce(items.channel, '(unknown)') as channel,
    coalesce(items.account_id, '(unknown)') as account_id,
    items.account_rule,
    coalesce(items.person_id, '(unknown)') as person_id,
    coalesce(items.feature_id, '(unmapped)') as feature_id,
    coalesce(items.product_id, '(unmapped)') as product_id,
    items.theme,
    items.survey_id,
    items.sentiment,
    items.score,
    {{ reporting_date('items.created_at') }} as created_date,
    items.created_at
from items
left join {{ ref('stg_registry__feedback_sources') }} as sources
    on lower(trim(items.channel)) = sources.source_name
left join {{ ref('int_identity__persons') }} as persons
    on items.person_id = persons.person_id
left join {{ ref('int_crm__accounts') }} as accounts
    on items.account_id = accounts.account_id
where
    not coalesce(persons.is_internal, false)
    and not coalesce(accounts.is_test_account, false)
