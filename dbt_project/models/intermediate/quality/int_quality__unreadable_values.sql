-- Grain: one row a stream and field of which values could not be read, a stream and reason for which records were set
-- aside, a stream of which records were mended, a stream of which records begin too late for the night, a list in records
-- of which items could not be read, a part of a stream that the vendor refused. Events are left out: their own coverage
-- counts those without a time, and those of the future.
{% set models = [
    'stg_files__feedback',
    'stg_files__meetings',
    'stg_files__survey_responses',
    'stg_files__tool_activity',
    'stg_github__deployment_statuses',
    'stg_github__deployments',
    'stg_github__issues',
    'stg_github__pull_request_commits',
    'stg_github__pull_requests',
    'stg_github__releases',
    'stg_github__repositories',
    'stg_github__reviews',
    'stg_github__workflow_runs',
    'stg_growthbook__experiments',
    'stg_growthbook__feature_revisions',
    'stg_growthbook__feature_states',
    'stg_growthbook__learnings',
    'stg_growthbook__results',
    'stg_hubspot__company_versions',
    'stg_hubspot__contacts',
    'stg_hubspot__deals',
    'stg_hubspot__owners',
    'stg_intercom__admins',
    'stg_intercom__companies',
    'stg_intercom__contacts',
    'stg_intercom__conversation_ratings',
    'stg_intercom__conversations',
    'stg_jira__fields',
    'stg_jira__issues',
    'stg_jira__versions',
    'stg_launchdarkly__flags',
    'stg_mixpanel__profiles',
    'stg_pagerduty__incidents',
    'stg_pagerduty__log_entries',
    'stg_pagerduty__services',
    'stg_posthog__experiments',
    'stg_posthog__flag_changes',
    'stg_posthog__flag_states',
    'stg_posthog__persons',
    'stg_posthog__surveys',
    'stg_productboard__companies',
    'stg_productboard__components',
    'stg_productboard__feature_versions',
    'stg_productboard__initiative_versions',
    'stg_productboard__notes',
    'stg_productboard__objective_versions',
    'stg_productboard__release_versions',
    'stg_productboard__users',
    'stg_salesforce__account_versions',
    'stg_salesforce__contacts',
    'stg_salesforce__leads',
    'stg_salesforce__opportunities',
    'stg_salesforce__opportunity_history',
    'stg_salesforce__users',
    'stg_typeform__forms',
    'stg_typeform__responses',
    'stg_zendesk__organizations',
    'stg_zendesk__satisfaction_ratings',
    'stg_zendesk__ticket_metric_events',
    'stg_zendesk__ticket_events',
    'stg_zendesk__tickets',
    'stg_zendesk__users',
] %}
{% set fields = typed_fields(models) %}
{% set beginnings = beginning_fields(models) %}
{% set streams = [] %}
{% for tool, stream, path, type in fields if (tool, stream) not in streams %}
    {%- do streams.append((tool, stream)) %}
{% endfor %}
{# What is read here are the streams that these models have staged. #}
{% for name in models %}
    {%- set staged = ref(name) %}
{%- endfor %}

with found as (
    {% for tool, stream in streams -%}
    {% set typed = [] -%}
    {% for of_source, of_stream, path, type in fields if (of_source, of_stream) == (tool, stream) -%}
    {%- do typed.append((path, type)) -%}
    {%- endfor -%}
    {% set begun = [] -%}
    {% for of_source, of_stream, path, type, name in beginnings if (of_source, of_stream) == (tool, stream) -%}
    {%- do begun.append((path, type, name)) -%}
    {%- endfor -%}
    select * from ({{ unreadable_values(tool, stream, typed, begun) }}) as {{ tool }}_{{ stream }}
    union all
    {% endfor -%}
    {% for tool, stream, path, member in staged_lists() if execute -%}
    {% set number = loop.index -%}
    {% for source_name in instances_of(tool) -%}
    select * from ({{ unreadable_items(source_name, stream, path, member) }}) as {{ source_name }}_items_{{ number }}
    union all
    {% endfor -%}
    {% endfor -%}
    {% for tool in streams | map('first') | unique -%}
    select * from ({{ raw_books(tool) }}) as {{ tool }}_books
    union all
    {% endfor -%}
    select
        subject,
        source,
        check_name,
        counted,
        total,
        explanation
    from {{ ref('int_quality__families') }}
    where 1 = 0
)

select
    subject,
    source,
    check_name,
    counted,
    total,
    explanation
from found
where counted > 0
