-- Grain: one row, the organisation whose facts these are.
{{ select_contract(ref('stg_registry__organisation')) }}
