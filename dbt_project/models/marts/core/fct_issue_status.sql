-- Grain: one row a stay of an issue in a status, from its creation to as_of, without gaps or overlaps. The last
-- stay is open: `ended_at` is null and the duration runs to as_of. Statuses that the registry maps to no stage are
-- in `other`.
{{ select_contract(ref('int_delivery__status_intervals')) }}
