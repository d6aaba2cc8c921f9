-- Grain: one row an epic and stage that it passed or is in.
{{ select_contract(ref('int_delivery__epic_stages')) }}
