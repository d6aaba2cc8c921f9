-- Grain: one row a theme of tickets of the registry, and one for tickets of none.
{{ select_contract(ref('stg_registry__themes')) }}
{{ special_members(['(no theme)'], ['theme_id', 'theme_name']) }}
