-- The spells of an account begin at the beginning, follow one another, and never end.
with spells as (
    select
        account_id,
        valid_from,
        valid_to,
        lead(valid_from) over (partition by account_id order by valid_from asc) as next_from,
        lag(valid_to) over (partition by account_id order by valid_from asc) as previous_to
    from {{ ref('int_crm__account_segments') }}
)

select account_id
from spells
where
    valid_from >= valid_to
    or (next_from is null and valid_to <> cast('9999-12-31' as date))
    or (next_from is not null and next_from <> valid_to)
    or (previous_to is null and valid_from <> cast('1900-01-01' as date))
