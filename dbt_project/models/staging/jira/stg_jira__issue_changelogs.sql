-- Grain: one row a change of a field that delivery metrics read (its role in stg_jira__fields), from the histories embedded
-- in issue records (exports made with expand=changelog have them; the nightly read of issues does not).
with histories as (
    {{ jira_embedded_histories() }}
)

{{ jira_history_items('histories') }}
