-- One row a contact that was merged into another one: `contact_id` lives on in `winner_id` (chains are followed).
{% set longest_chain = 4 %}

with merged as (
    {{ json_array_rows(ref('stg_hubspot__contacts'), ['contact_id'], 'merged_contact_ids') }}
),

steps as (
    select item as contact_id, min(contact_id) as winner_id
    from merged
    where item <> contact_id
    group by item
)

select
    steps.contact_id,
    coalesce(
        {%- for step in range(longest_chain, 1, -1) %}
        step_{{ step }}.winner_id,
        {%- endfor %}
        steps.winner_id
    ) as winner_id
from steps
{%- for step in range(2, longest_chain + 1) %}
left join steps as step_{{ step }}
    on {{ 'steps' if step == 2 else 'step_' ~ (step - 1) }}.winner_id = step_{{ step }}.contact_id
{%- endfor %}
