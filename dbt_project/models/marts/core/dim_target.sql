-- Grain: one row a metric for which the registry says what good looks like.
{{ select_contract(ref('stg_registry__targets')) }}
