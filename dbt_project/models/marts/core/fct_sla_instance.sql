-- Grain: one row a promise of a time for a ticket, as it stands as of as_of: a policy metric instance of a Zendesk ticket, the
-- SLA of an Intercom conversation. Two metrics of one ticket are two rows.
{{ select_contract(ref('int_support__sla_instances')) }}
