{# Lists inside vendors' records, of which the models read item by item: what is no such item is left out, and counted here. #}

{# (source, stream, path of the list, member that an item must have). An empty member: any object is an item; `text`: a text. #}
{% macro staged_lists() -%}
    {{ return([
        ('github', 'issues', 'labels', 'name'),
        ('github', 'pull_request_commits', 'commits', 'sha'),
        ('growthbook', 'experiments', 'phases', ''),
        ('growthbook', 'experiments', 'variations', 'key'),
        ('growthbook', 'feature_revisions', 'rules', ''),
        ('growthbook', 'features', 'rules', ''),
        ('growthbook', 'learnings', 'contradictingExperimentIds', 'text'),
        ('growthbook', 'learnings', 'supportingExperimentIds', 'text'),
        ('growthbook', 'results', 'results', ''),
        ('hubspot', 'associations', 'types', ''),
        ('intercom', 'conversations', 'conversation_parts.conversation_parts', ''),
        ('intercom', 'conversations', 'external_references', ''),
        ('jira', 'changelogs', 'items', ''),
        ('jira', 'issues', 'fields.fixVersions', 'id'),
        ('jira', 'issues', 'fields.issuelinks', ''),
        ('launchdarkly', 'audit_log', 'accesses', 'resource'),
        ('launchdarkly', 'experiments', 'previousIterations', ''),
        ('posthog', 'experiments', 'parameters.feature_flag_variants', 'key'),
        ('posthog', 'feature_flags', 'filters.groups', ''),
        ('posthog', 'flag_activity', 'detail.changes', 'field'),
        ('productboard', 'notes', 'fields.tags', 'name'),
        ('productboard', 'notes', 'relationships.data', 'target'),
        ('typeform', 'responses', 'answers', 'field'),
        ('zendesk', 'organizations', 'domain_names', 'text'),
        ('zendesk', 'ticket_audits', 'events', ''),
        ('zendesk', 'ticket_events', 'child_events', ''),
    ]) }}
{%- endmacro %}

{# Coverage rows of one of them, in the latest version of each record that the night had: how many fields hold no list, and
   how many items of how many are none. #}
{% macro unreadable_items(source_name, stream, path, member) -%}
    {%- set records -%}
        (select * from ({{ stage_records(records_of_the_night(source_name, stream), [(path, 'listed', 'json')]) }}) as staged
        where listed is not null and listed <> 'null') as lists
    {%- endset -%}
    {%- set is_lacking -%}
        {%- if member == 'text' -%} coalesce(trim(item), '') = ''
        {%- elif member -%} coalesce(trim({{ json_property('item', text_literal(member)) }}), '') = ''
        {%- else -%} coalesce(trim(item), '') not like '{{ '{' }}%'
        {%- endif -%}
    {%- endset -%}
    {{ coverage_rows(records, stream, [(
        check_name_of(path) ~ '_no_list', "listed not like '[%'", 'true',
        'Fields that should be a list and hold something else.',
    )], source=text_literal(source_name)) }}
    union all
    {{ coverage_rows('(' ~ json_array_rows(records, ['record_id'], 'listed') ~ ') as items', stream, [(
        check_name_of(path) ~ '_items_unreadable', is_lacking, 'true',
        'Items of a list in a record that lack what makes them one (null, of another kind, without a name): left out.',
    )], source=text_literal(source_name)) }}
{%- endmacro %}
