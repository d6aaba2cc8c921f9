-- Grain: one row a property of an entry of the registry that a night read otherwise than the night before; of an entry that is
-- new or gone, one each of its properties. Owners are left out, and so is the order of a file. What the first night read is no
-- change.
with beginning as (
    select min(extracted_at) as first_read_at
    from {{ ref('stg_registry__entry_versions') }}
    where file = 'organisation'
),

versions as (
    select
        file,
        entry_id,
        record,
        is_deleted,
        extracted_at,
        lag(record) over (partition by file, entry_id order by extracted_at asc) as previous_record,
        lag(is_deleted, 1, true) over (partition by file, entry_id order by extracted_at asc) as was_deleted
    from {{ ref('stg_registry__entry_versions') }}
    where extracted_at < {{ add_time('day', 1, as_of_at()) }}
),

changes as (
    select
        versions.file,
        versions.entry_id,
        versions.extracted_at,
        case
            when versions.is_deleted then 'removed'
            when versions.was_deleted then 'added'
            else 'changed'
        end as change,
        case when not versions.was_deleted then versions.previous_record end as record_before,
        case when not versions.is_deleted then versions.record end as record_after
    from versions
    inner join beginning
        on versions.extracted_at > beginning.first_read_at
    where not (versions.is_deleted and versions.was_deleted)
),

before_rows as (
    {{ json_member_rows('changes', ['file', 'entry_id', 'extracted_at', 'change'], 'record_before') }}
),

after_rows as (
    {{ json_member_rows('changes', ['file', 'entry_id', 'extracted_at', 'change'], 'record_after') }}
)

select
    coalesce(after_rows.file, before_rows.file) as file,
    coalesce(after_rows.entry_id, before_rows.entry_id) as entry_id,
    coalesce(after_rows.name, before_rows.name) as property,
    coalesce(after_rows.change, before_rows.change) as change,
    before_rows.member as value_before,
    after_rows.member as value_after,
    {{ reporting_date('coalesce(after_rows.extracted_at, before_rows.extracted_at)') }} as changed_date,
    coalesce(after_rows.extracted_at, before_rows.extracted_at) as changed_at
from after_rows
full outer join before_rows
    on
        after_rows.file = before_rows.file
        and after_rows.entry_id = before_rows.entry_id
        and after_rows.extracted_at = before_rows.extracted_at
        and after_rows.name = before_rows.name
where
    coalesce(after_rows.name, before_rows.name) not in ('owner', '_ordinal')
    and after_rows.member is distinct from before_rows.member
