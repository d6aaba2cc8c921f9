-- Grain: one row a spell of a link between a roadmap item and an issue of the tracker (`valid_from` to `valid_to`, UTC, the
-- end exclusive), and how they are linked: by the tools' `integration`, or as the `source` that the item was made
-- from. A key may be one that the issue had before. `issue_id` is null when the tracker has no such issue. The vendor
-- keeps no time of a link: those of the first reading reach back for ever, later ones count, and removed ones end, the
-- day before the reading that told of it.
with versions as (
    select
        connection_id,
        entity_id,
        issue_id,
        issue_key,
        is_deleted,
        extracted_at,
        load_id,
        record_hash,
        min(extracted_at) over () as first_read_at
    from {{ ref('stg_productboard__jira_connection_versions') }}
    where entity_id is not null
),

ordered as (
    select
        *,
        row_number() over (
            partition by connection_id order by extracted_at asc, load_id asc, record_hash asc
        ) as version_number,
        case
            when extracted_at = first_read_at then cast('1900-01-01' as timestamp)
            else {{ add_time('day', -1, 'extracted_at') }}
        end as valid_from
    from versions
),

spells as (
    select
        *,
        lead(valid_from, 1, cast('9999-12-31' as timestamp)) over (
            partition by connection_id order by version_number asc
        ) as valid_to
    from ordered
),

item_sources as (
    select
        source_id,
        source_record_id,
        row_number() over (partition by source_id order by version_number desc) as rank_from_last
    from {{ ref('int_roadmap__item_versions') }}
    where
        lower(source_system) = 'jira'
        and source_record_id is not null
),

links as (
    select
        entity_id,
        issue_id as linked_issue_id,
        issue_key as linked_issue_key,
        'integration' as how_linked,
        valid_from,
        valid_to
    from spells
    where not is_deleted
    union all
    select
        source_id as entity_id,
        cast(null as {{ dbt.type_string() }}) as linked_issue_id,
        -- Some write the site before the key.
        coalesce(nullif({{ text_part('source_record_id', "':'", 2) }}, ''), source_record_id) as linked_issue_key,
        'source' as how_linked,
        cast('1900-01-01' as timestamp) as valid_from,
        cast('9999-12-31' as timestamp) as valid_to
    from item_sources
    where rank_from_last = 1
)

select
    'productboard:entity:' || links.entity_id as roadmap_item_id,
    coalesce(by_id.issue_id, by_key.issue_id) as issue_id,
    links.linked_issue_key as issue_key,
    links.how_linked,
    links.valid_from,
    links.valid_to
from links
left join {{ ref('int_delivery__issues') }} as by_id
    on
        links.linked_issue_id = by_id.issue_id
        {%- if instance_names() %}
        -- Of which instance an id is, the key tells.
        and upper(trim(links.linked_issue_key)) = upper(by_id.issue_key)
        {%- endif %}
left join {{ ref('int_delivery__issue_keys') }} as by_key
    on
        {{ 'by_id.issue_id is null' if instance_names() else 'links.linked_issue_id is null' }}
        and upper(trim(links.linked_issue_key)) = by_key.issue_key
where links.valid_from < {{ as_of_at() }}
