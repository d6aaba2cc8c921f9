-- Grain: one row a company that was merged away by as_of: `company_id` lives on in `winner_company_id`, the last
-- of the chain. The winner's list of merged ids says so; a loser that is archived later than as_of is not merged
-- yet.
{% set longest_chain = 4 %}

with companies as (
    select
        company_id,
        merged_company_ids
    from {{ ref('stg_hubspot__companies') }}
),

-- Archived after as_of in the only versions that were read: at as_of these were companies of their own.
losers_merged_later as (
    select company_id
    from {{ ref('stg_hubspot__company_versions') }}
    group by company_id
    having min(archived_at) >= {{ as_of_at() }}
),

merged as (
    {{ json_array_rows('companies', ['company_id'], 'merged_company_ids') }}
),

steps as (
    select
        merged.item as company_id,
        min(merged.company_id) as winner_company_id
    from merged
    left join losers_merged_later
        on merged.item = losers_merged_later.company_id
    where
        merged.item <> merged.company_id
        and losers_merged_later.company_id is null
    group by merged.item
)

select
    steps.company_id,
    coalesce(
        {%- for step in range(longest_chain, 1, -1) %}
        step_{{ step }}.winner_company_id,
        {%- endfor %}
        steps.winner_company_id
    ) as winner_company_id
from steps
{%- for step in range(2, longest_chain + 1) %}
left join steps as step_{{ step }}
    on {{ 'steps' if step == 2 else 'step_' ~ (step - 1) }}.winner_company_id = step_{{ step }}.company_id
{%- endfor %}
