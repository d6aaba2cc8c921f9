-- Grain: one row a spell of an account with one day of renewal, days `valid_from` <= day < `valid_to`; a day has what the company
-- had at its end, in the CRM that wins for the account. What was renewed before the CRM was first read is told by none of its
-- versions, so no spell begins before that reading.
with readings as (
    select
        source,
        min({{ reporting_date('extracted_at') }}) as first_read_date
    from {{ ref('int_crm__company_versions') }}
    group by source
),

versions as (
    select
        accounts.account_id,
        versions.renews_on,
        {{ add_days('readings.first_read_date', -1) }} as known_from,
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
        on accounts.renewal_company_key = versions.company_key
    inner join readings
        on versions.source = readings.source
    where not accounts.is_merged
),

spells as (
    select
        account_id,
        renews_on,
        case when changed_on < known_from then known_from else changed_on end as valid_from,
        lead(changed_on, 1, cast('9999-12-31' as date)) over (partition by account_id order by changed_on asc) as valid_to
    from versions
    where rank_in_day = 1
)

select
    account_id,
    renews_on,
    valid_from,
    valid_to
from spells
where valid_from < valid_to
