-- Grain: one row a spell of an account in a segment, days `valid_from` <= day < `valid_to`; the spells of an
-- account follow one another without a gap, the first reaching back for ever. A day belongs to the segment that
-- the company had at its end, in the CRM that wins for the account. Merged companies have no spells of their own.
with versions as (
    select
        accounts.account_id,
        coalesce(versions.segment, '(unknown)') as segment,
        coalesce({{ reporting_date('versions.updated_at') }}, cast('1900-01-01' as date)) as changed_on,
        row_number() over (
            partition by accounts.account_id, {{ reporting_date('versions.updated_at') }}
            order by
                versions.updated_at desc nulls last,
                versions.extracted_at desc,
                versions.load_id desc,
                versions.record_hash desc
        ) as rank_in_day
    from {{ ref('int_crm__accounts') }} as accounts
    inner join {{ ref('int_crm__company_versions') }} as versions
        on accounts.segment_company_key = versions.company_key
    where not accounts.is_merged
),

last_of_day as (
    select
        account_id,
        segment,
        changed_on,
        lag(segment) over (partition by account_id order by changed_on asc) as previous_segment,
        row_number() over (partition by account_id order by changed_on asc) as version_number
    from versions
    where rank_in_day = 1
),

changes as (
    select
        account_id,
        segment,
        version_number,
        changed_on
    from last_of_day
    where
        version_number = 1
        or segment <> previous_segment
)

select
    account_id,
    segment,
    case when version_number = 1 then cast('1900-01-01' as date) else changed_on end as valid_from,
    lead(changed_on, 1, cast('9999-12-31' as date)) over (partition by account_id order by changed_on asc) as valid_to
from changes
