-- Grain: one row a product of the registry, and one each for what is of none: use, tickets and answers.
{{ select_contract(ref('stg_registry__products')) }}
{{ special_members(['(unmapped)', '(untagged)', '(unknown)'], ['product_id', 'product_name']) }}
