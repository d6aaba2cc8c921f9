-- Grain: one row a segment that any account has or had on any day, and the row (unknown).
with segments as (
    select segment from {{ ref('int_crm__accounts') }}
    union distinct
    select segment from {{ ref('int_crm__account_segments') }}
    union distinct
    select cast('(unknown)' as {{ dbt.type_string() }}) as segment
)

select
    segments.segment,
    count(accounts.account_id) as account_count
from segments
left join {{ ref('int_crm__accounts') }} as accounts
    on segments.segment = accounts.segment and not accounts.is_merged
where segments.segment is not null
group by segments.segment
