-- Grain: one row a delivery team of the registry, and one each for what is of no team, and for whom a small team hides.
{{ select_contract(ref('stg_registry__teams')) }}
{{ special_members(['(unknown)', '(hidden)'], ['team_id', 'team_name']) }}
