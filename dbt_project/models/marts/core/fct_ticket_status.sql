-- Grain: one row a stay of a ticket in a status, from its creation to as_of, without gaps or overlaps. The last
-- stay is open: `ended_at` is null and the duration runs to as_of.
{{ select_contract(ref('int_support__status_intervals')) }}
