-- Grain: one row an account, in its state of as_of. Of the companies that CRMs keep of it the one of the first CRM of
-- `crm_order` gives the id and wins field by field; the others fill what it lacks. Merged companies stay as rows of
-- their own, pointing to the account they became (`merged_into_account_id`); no fact names them. Segment and plan are
-- the current ones: usage and tickets carry the segment of their own time. Who pays nothing any more has a revenue of 0:
-- a sum over rows is the revenue of today, and `last_arr_home` keeps what the CRM has. What nothing but the account is
-- known by (an id in the app, a domain) is what other tools can tell it by.
{% set most_companies = 3 %}
{% set filled = [
    'app_account_id', 'owner_id', 'company_name', 'segment', 'plan', 'arr_home', 'churned_on', 'renews_on', 'created_at'
] %}

with companies as (
    select
        companies.*,
        accounts.account_id,
        accounts.is_merged
    from {{ ref('int_crm__companies') }} as companies
    inner join {{ ref('int_crm__company_accounts') }} as accounts
        on companies.company_key = accounts.company_key
),

-- The loser of a merge has no row of its own where an earlier CRM knows its account in the app.
losers as (
    select
        company_key,
        account_id,
        is_merged,
        crm_rank = min(crm_rank) over (partition by coalesce(app_account_id, company_key)) as is_of_first_crm
    from companies
),

named as (
    select
        company_key as row_key,
        company_key,
        cast(1 as bigint) as place,
        account_id as merged_into_account_id
    from losers
    where
        is_merged
        and is_of_first_crm
    union all
    select
        account_id as row_key,
        company_key,
        row_number() over (
            partition by account_id
            order by
                case when company_key = account_id then 0 else 1 end,
                crm_rank,
                case when is_archived then 1 else 0 end,
                company_key
        ) as place,
        cast(null as {{ dbt.type_string() }}) as merged_into_account_id
    from companies
    where not is_merged
),

flags as (
    select
        named.row_key,
        max(case when companies.is_test_account then 1 else 0 end) = 1 as is_test_account,
        min(case when companies.is_archived then 1 else 0 end) = 1 as is_archived
    from named
    inner join companies
        on named.company_key = companies.company_key
    group by named.row_key
),

app_accounts as (
    select distinct account_id
    from {{ ref('int_crm__app_accounts') }}
    where not is_ambiguous
),

domains as (
    select distinct account_id
    from {{ ref('int_crm__account_domains') }}
    where not is_ambiguous
),

joined as (
    select
        first_named.row_key as account_id,
        first_named.merged_into_account_id,
        {%- for field in filled %}
        coalesce(
            {%- for place in range(1, most_companies + 1) %}
            company_{{ place }}.{{ field }}{{ "," if not loop.last }}
            {%- endfor %}
        ) as {{ field }},
        {%- endfor %}
        -- Whose versions are the segment's history.
        case
            {%- for place in range(1, most_companies + 1) %}
            when company_{{ place }}.segment is not null then company_{{ place }}.company_key
            {%- endfor %}
            else company_1.company_key
        end as segment_company_key,
        -- Whose versions are the history of its renewals.
        case
            {%- for place in range(1, most_companies + 1) %}
            when company_{{ place }}.renews_on is not null then company_{{ place }}.company_key
            {%- endfor %}
        end as renewal_company_key,
        flags.is_test_account,
        flags.is_archived,
        app_accounts.account_id is not null as has_app_account,
        domains.account_id is not null as has_domain
    from named as first_named
    inner join flags
        on first_named.row_key = flags.row_key
    left join app_accounts
        on first_named.row_key = app_accounts.account_id
    left join domains
        on first_named.row_key = domains.account_id
    {%- for place in range(1, most_companies + 1) %}
    left join named as named_{{ place }}
        on
            first_named.row_key = named_{{ place }}.row_key
            and named_{{ place }}.place = {{ place }}
    left join companies as company_{{ place }}
        on named_{{ place }}.company_key = company_{{ place }}.company_key
    {%- endfor %}
    where first_named.place = 1
)

select
    account_id,
    merged_into_account_id,
    segment_company_key,
    renewal_company_key,
    app_account_id,
    owner_id,
    company_name as account_name,
    coalesce(segment, '(unknown)') as segment,
    coalesce(plan, '(unknown)') as plan,
    case
        when is_test_account or churned_on is not null or merged_into_account_id is not null or is_archived then 0.0
        else arr_home
    end as arr_home,
    arr_home as last_arr_home,
    is_test_account,
    churned_on is not null as is_churned,
    merged_into_account_id is not null as is_merged,
    is_archived,
    has_app_account,
    has_domain,
    not is_test_account and churned_on is null and merged_into_account_id is null and not is_archived
    and coalesce(arr_home <> 0, true) as is_customer,
    churned_on,
    renews_on,
    created_at
from joined
