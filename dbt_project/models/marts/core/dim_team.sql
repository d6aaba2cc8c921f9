-- Grain: one row a delivery team of the registry.
{{ select_contract(ref('stg_registry__teams')) }}
