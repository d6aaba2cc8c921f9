-- Grain: one row a spell of an account in a segment, days `valid_from` <= day < `valid_to`; the spells of an
-- account follow one another without a gap, the first reaching back for ever. A day belongs to the segment that
-- the company had at its end. Merged companies have no spells of their own.
with versions as (
    select
        versions.company_id,
        coalesce(versions.segment, '(unknown)') as segment,
        coalesce({{ reporting_date('versions.updated_at') }}, cast('1900-01-01' as date)) as changed_on,
        row_number() over (
            partition by versions.company_id, {{ reporting_date('versions.updated_at') }}
            order by
                versions.updated_at desc nulls last,
                versions.extracted_at desc,
                versions.load_id desc,
                versions.record_hash desc
        ) as rank_in_day
    from {{ ref('stg_hubspot__company_versions') }} as versions
    inner join {{ ref('stg_hubspot__companies') }} as companies
        on versions.company_id = companies.company_id
    left join {{ ref('int_crm__company_merges') }} as merges
        on versions.company_id = merges.company_id
    where merges.company_id is null
),

last_of_day as (
    select
        company_id,
        segment,
        changed_on,
        lag(segment) over (partition by company_id order by changed_on asc) as previous_segment,
        row_number() over (partition by company_id order by changed_on asc) as version_number
    from versions
    where rank_in_day = 1
),

changes as (
    select
        company_id,
        segment,
        version_number,
        changed_on
    from last_of_day
    where
        version_number = 1
        or segment <> previous_segment
)

select
    'hubspot:company:' || company_id as account_id,
    segment,
    case when version_number = 1 then cast('1900-01-01' as date) else changed_on end as valid_from,
    lead(changed_on, 1, cast('9999-12-31' as date)) over (partition by company_id order by changed_on asc) as valid_to
from changes
