-- Grain: one row a thing to be done or known around a declared launch, as its entry writes it. Of what is written as its text alone,
-- and of what has no day, nobody can say when it was done.
{% set kinds = {
    'approval': ['approvals', 'given_on', 'by'], 'risk': ['risks', 'closed_on', 'rollback_owner'],
    'communication': ['communications', 'done_on', 'owner'], 'action': ['actions', 'done_on', 'owner'],
} %}
with declared as (
    select
        launch_id,
        approvals,
        risks,
        communications,
        actions
    from {{ ref('int_launches__declared') }}
),

{% for kind, (list, day, owner) in kinds.items() %}
{{ kind }}_rows as (
    {{ json_array_rows('declared', ['launch_id'], list) }}
),
{% endfor %}
items as (
    {%- for kind, (list, day, owner) in kinds.items() %}
    select
        launch_id,
        '{{ kind }}' as item_kind,
        item_number,
        coalesce({{ json_property('item', "'text'") }}, item) as item,
        {{ json_property('item', "'text'") }} is null as is_text_alone,
        {{ json_property('item', "'" ~ owner ~ "'") }} as owner,
        {{ json_property('item', "'criticality'") }} as criticality,
        {{ json_property('item', "'workaround'") }} as workaround,
        {{ try_cast(json_property('item', "'due'"), 'date') }} as due_on,
        {{ try_cast(json_property('item', "'" ~ day ~ "'"), 'date') }} as done_on
    from {{ kind }}_rows
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select
    launch_id,
    item_kind || ':' || cast(item_number as {{ dbt.type_string() }}) as item_id,
    item_kind,
    item,
    is_text_alone,
    owner,
    criticality,
    workaround,
    due_on,
    done_on
from items
