-- Grain: one row an item of feedback, whichever tool it came from. Its kind is what the registry says of its channel.
with items as (
    {% for model in ['int_feedback__notes', 'int_feedback__ticket_ratings'] -%}
    select
        feedback_id, source, channel, account_id, account_rule, person_id, feature_id, product_id, theme, sentiment,
        score, created_at
    from {{ ref(model) }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
)

select
    items.feedback_id,
    coalesce(sources.kind, '(unknown)') as kind,
    items.source,
    coalesce(items.channel, '(unknown)') as channel,
    coalesce(items.account_id, '(unknown)') as account_id,
    items.account_rule,
    coalesce(items.person_id, '(unknown)') as person_id,
    coalesce(items.feature_id, '(unmapped)') as feature_id,
    coalesce(items.product_id, '(unmapped)') as product_id,
    items.theme,
    items.sentiment,
    items.score,
    {{ reporting_date('items.created_at') }} as created_date,
    items.created_at
from items
left join {{ ref('stg_registry__feedback_sources') }} as sources
    on lower(trim(items.channel)) = sources.source_name
