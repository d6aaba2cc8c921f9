-- Grain: one row a ticket and tag, in the state of as_of.
with tickets as (
    select
        ticket_id,
        tags
    from {{ ref('stg_zendesk__tickets') }}
),

tag_rows as (
    {{ json_array_rows('tickets', ['ticket_id'], 'tags') }}
)

select distinct
    'zendesk:ticket:' || ticket_id as ticket_id,
    {{ ticket_tag('item') }} as tag
from tag_rows
where {{ ticket_tag('item') }} is not null
union all
select
    'intercom:conversation:' || conversation_id as ticket_id,
    tag
from {{ ref('stg_intercom__conversation_tags') }}
where tag is not null
