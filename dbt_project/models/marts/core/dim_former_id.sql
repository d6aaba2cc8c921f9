-- Grain: one row an id that an entry of the registry had before, or that an entry had which is part of it now. Published
-- numbers stand under the id of now.
{{ select_contract(ref('stg_registry__former_ids')) }}
