-- Grain: one row a rating that was offered by as_of. `score` is null until it is given.
{{ select_contract(ref('int_support__ratings')) }}
