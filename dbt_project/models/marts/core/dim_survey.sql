-- Grain: one row a survey of the registry.
{{ select_contract(ref('stg_registry__surveys')) }}
