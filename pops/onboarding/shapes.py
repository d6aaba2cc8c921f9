"""How what registries speak of is found in the raw records of each vendor: selects over the latest records of its streams.

A stream is named in braces; it has `record_id` and `r`, the vendor's record as JSON. All columns are texts, JSON where it is said.
"""

from collections.abc import Mapping

# Table -> its columns.
TABLES: Mapping[str, str] = {
    # `fields`, `properties`, `user_properties`, `event_groups`: JSON objects, by name. `day`: UTC.
    "events": "name, person, day, properties json, user_properties json, event_groups json",
    # Companies of a CRM, organisations of a desk.
    "companies": "company_id, fields json",
    "organizations": "organization_id, external_id, fields json",
    # People of customers; `fields` hold the ids that others gave them.
    "people": "email, fields json",
    # Addresses of the company's own people.
    "staff": "email",
    "deals": "currency, amount, kind",
    "issues": "issue_key, project, status, resolution, is_epic",
    "projects": "project, name",
    "statuses": "name, category",
    "tracker_fields": "field_id, name, kind",
    "repositories": "repository",
    "pull_requests": "repository, names",
    "deployments": "repository, environment",
    "host_labels": "repository, label",
    # Of the code host, without its pull requests.
    "host_issues": "repository",
    "tickets": "ticket_id, tags json",
    # JSON lists: its questions as the vendor has them, the names of hidden fields.
    "forms": "form, title, questions json, hidden json",
    "answers": "form",
    "flags": "flag",
    # Of the on-call tool.
    "services": "service",
    "roadmap_items": "item_id, name, status",
    "notes": "origin",
}

# The columns that an instance that is not named like its vendor has its name before, as the registry writes them.
QUALIFIED = ("issue_key", "project", "repository", "form", "item_id")

SHAPES: Mapping[str, Mapping[str, str]] = {
    "amplitude": {
        "events": """
            select r->>'$.event_type', coalesce(nullif(r->>'$.user_id', ''), r->>'$.device_id'), left(r->>'$.event_time', 10),
                object_of(r->'$.event_properties'), object_of(r->'$.user_properties'), object_of(r->'$.groups')
            from {events}""",
    },
    "mixpanel": {
        # Its groups and what is known of a user stand among an event's properties; days as the project counts them.
        "events": """
            select r->>'$.event', coalesce(nullif(r->>'$.properties."$user_id"', ''), r->>'$.properties.distinct_id'),
                try(cast(cast(epoch_ms(epoch_milliseconds(r->>'$.properties.time')) as date) as varchar)),
                object_of(r->'$.properties'), null, null
            from {events}""",
    },
    "posthog": {
        "events": """
            select r->>'$.event', coalesce(nullif(r->>'$.properties."$user_id"', ''), r->>'$.distinct_id'), left(r->>'$.timestamp', 10),
                object_of(r->'$.properties'), object_of(r->'$.person_properties'), object_of(r->'$.properties."$groups"')
            from {events}""",
        "flags": "select r->>'$.key' from {feature_flags}",
        # Ten points of a rating begin with 0 and are eleven.
        "forms": """
            select record_id, r->>'$.name',
                to_json(list_transform(try(from_json(r->'$.questions', '["JSON"]')), lambda question: json_object(
                    'ref', question->>'$.id',
                    'type', case question->>'$.type' when 'rating' then 'opinion_scale' when 'open' then 'long_text' else question->>'$.type' end,
                    'properties', json_object(
                        'steps', case when question->>'$.scale' = '10' then '11' else question->>'$.scale' end,
                        'start_at_one', coalesce(question->>'$.scale' <> '10', false)
                    )
                ))), null
            from {surveys}""",
        "answers": """select r->>'$.properties."$survey_id"' from {events} where r->>'$.event' = 'survey sent'""",
    },
    "hubspot": {
        "companies": "select record_id, object_of(r->'$.properties') from {companies}",
        "people": "select r->>'$.properties.email', object_of(r->'$.properties') from {contacts}",
        "staff": "select r->>'$.email' from {owners}",
        "deals": """
            select r->>'$.properties.deal_currency_code', r->>'$.properties.amount', r->>'$.properties.dealtype' from {deals}""",
    },
    "salesforce": {
        "companies": "select record_id, object_of(r) from {accounts}",
        "people": "select r->>'$.Email', object_of(r) from {contacts}",
        "staff": "select r->>'$.Email' from {users}",
        "deals": "select r->>'$.CurrencyIsoCode', r->>'$.Amount', r->>'$.Type' from {opportunities}",
    },
    "zendesk": {
        "organizations": """
            select record_id, r->>'$.external_id', object_of(r->'$.organization_fields') from {organizations}""",
        "people": """
            select r->>'$.email', json_merge_patch(coalesce(object_of(r->'$.user_fields'), '{{}}'),
                json_object('external_id', r->>'$.external_id'))
            from {users} where r->>'$.role' = 'end-user'""",
        "staff": "select r->>'$.email' from {users} where r->>'$.role' in ('agent', 'admin')",
        "tickets": "select record_id, r->'$.tags' from {tickets}",
    },
    "intercom": {
        "organizations": "select record_id, r->>'$.company_id', object_of(r->'$.custom_attributes') from {companies}",
        "people": """
            select r->>'$.email', json_merge_patch(coalesce(object_of(r->'$.custom_attributes'), '{{}}'),
                json_object('external_id', r->>'$.external_id'))
            from {contacts}""",
        "staff": "select r->>'$.email' from {admins}",
        "tickets": "select record_id, to_json(r->>'$.tags.tags[*].name') from {conversations}",
    },
    "jira": {
        "issues": """
            select r->>'$.key', r->>'$.fields.project.key', r->>'$.fields.status.name', r->>'$.fields.resolution.name',
                case when r->>'$.fields.issuetype.hierarchyLevel' = '1' then 'yes' else 'no' end
            from {issues}""",
        "projects": "select r->>'$.key', r->>'$.name' from {projects}",
        "statuses": "select r->>'$.name', r->>'$.statusCategory.key' from {statuses}",
        "tracker_fields": """
            select r->>'$.id', r->>'$.name', r->>'$.schema.custom' from {fields} where r->>'$.custom' = 'true'""",
        "staff": "select distinct r->>'$.fields.assignee.emailAddress' from {issues}",
    },
    "github": {
        "repositories": "select r->>'$.name' from {repositories}",
        "pull_requests": """
            select coalesce(r->>'$.base.repo.name', split_part(split_part(r->>'$.url', '/repos/', 2), '/', 2)),
                upper(coalesce(r->>'$.title', '') || ' ' || coalesce(r->>'$.head.ref', ''))
            from {pull_requests}""",
        "deployments": """
            select split_part(split_part(r->>'$.url', '/repos/', 2), '/', 2), r->>'$.environment' from {deployments}""",
        "host_issues": """
            select split_part(split_part(r->>'$.repository_url', '/repos/', 2), '/', 2)
            from {issues} where (r->>'$.pull_request') is null""",
        "host_labels": """
            select split_part(split_part(r->>'$.repository_url', '/repos/', 2), '/', 2), unnest(r->>'$.labels[*].name')
            from {issues}""",
    },
    "growthbook": {
        "flags": "select record_id from {features}",
    },
    "launchdarkly": {
        "flags": "select r->>'$.key' from {flags}",
    },
    "pagerduty": {
        "services": "select r->>'$.name' from {services}",
    },
    "productboard": {
        "roadmap_items": """
            select record_id, r->>'$.fields.name', r->>'$.fields.status.name' from {features}
            union all select record_id, r->>'$.fields.name', null from {components}
            union all select record_id, r->>'$.fields.name', null from {initiatives}""",
        "notes": "select r->>'$.fields.source.origin' from {notes}",
        "staff": "select r->>'$.fields.owner.email' from {features}",
    },
    "typeform": {
        "forms": """
            select record_id, r->>'$.title', r->'$.fields', r->'$.hidden'
            from {forms}""",
        "answers": "select r->>'$.form_id' from {responses}",
    },
    "files": {
        "answers": "select r->>'$.survey_id' from {survey_responses}",
    },
}  # fmt: skip
