-- Grain: one row a flag, an environment and a moment before as_of at which it changed, of any tool.
with changes as (
    select *
    from {{ ref('int_learning__flag_changes') }}
    where changed_at < {{ as_of_at() }}
)

{{ select_contract('changes') }}
