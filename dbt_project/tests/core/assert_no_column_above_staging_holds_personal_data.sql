{{ config(meta={'dagster': {'ref': {'name': 'dim_account'}}}) }}
-- E-mail addresses, names of people, network addresses and texts that people wrote end in staging. A column above it
-- that is named like one of them breaks the build; keyed hashes (`_hash`) may pass.
-- depends_on: {{ ref('dim_account') }}, {{ ref('dim_person') }}, {{ ref('bridge_identity') }},
-- {{ ref('fct_usage_daily') }}, {{ ref('fct_ticket') }}, {{ ref('fct_issue') }}, {{ ref('fct_deal') }},
-- {{ ref('fct_survey_response') }}
{% set personal_names = [
    'email', 'e_mail', 'firstname', 'first_name', 'lastname', 'last_name', 'full_name', 'display_name', 'displayname',
    'phone', 'ip', 'ip_address', 'user_agent', 'subject_text', 'body', 'html_body', 'summary', 'description', 'comment',
    'jobtitle', 'address',
] %}

select relation_name || '.' || column_name as column_name
from ({{ columns_of_schemas(['intermediate', 'marts']) }}) as columns_above_staging
where lower(column_name) in ({% for name in personal_names %}'{{ name }}'{{ ', ' if not loop.last }}{% endfor %})
