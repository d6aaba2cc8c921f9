-- Grain: one row a family of tools: of how many of its tools records were ever read. Without one, the family's marts
-- are empty and its metrics have no value.
{% set tools = [
    ('product_analytics', 'stg_amplitude__events'),
    ('product_analytics', 'stg_mixpanel__events'),
    ('product_analytics', 'stg_posthog__events'),
    ('crm', 'stg_hubspot__companies'),
    ('crm', 'stg_salesforce__accounts'),
    ('support', 'stg_zendesk__tickets'),
    ('support', 'stg_intercom__conversations'),
    ('delivery', 'stg_jira__issues'),
    ('delivery', 'stg_github__pull_requests'),
    ('delivery', 'stg_pagerduty__incidents'),
    ('roadmap', 'stg_productboard__feature_versions'),
    ('surveys', 'stg_typeform__responses'),
    ('surveys', 'stg_posthog__surveys'),
    ('experiments', 'stg_launchdarkly__flags'),
    ('experiments', 'stg_posthog__flags'),
    ('experiments', 'stg_growthbook__experiments'),
    ('files', 'stg_files__survey_responses'),
    ('files', 'stg_files__feedback'),
    ('files', 'stg_files__meetings'),
    ('files', 'stg_files__tool_activity'),
] %}

with tools as (
    {% for family, model in tools -%}
    select '{{ family }}' as family, count(*) > 0 as is_read from {{ ref(model) }}
    {% if not loop.last %}union all
    {% endif %}
    {%- endfor %}
)

select
    'sources' as subject,
    family as source,
    'family_has_a_source' as check_name,
    cast(sum(case when is_read then 1 else 0 end) as bigint) as counted,
    cast(count(*) as bigint) as total,
    'Tools of this family of which records were read; without one its marts are empty and its metrics have no value.'
        as explanation
from tools
group by family
