{{ config(severity='warn') }}
-- Values of two definitions under one version look like one series: count `version` of north_star.yml up with what is measured.
with versions as (
    select
        entry_id,
        extracted_at,
        {{ json_property('record', "'version'") }} as definition_version,
        coalesce({{ json_member('record', "'value'") }}, '') || coalesce({{ json_member('record', "'numerator'") }}, '')
        || coalesce({{ json_member('record', "'denominator'") }}, '')
        || coalesce({{ json_property('record', "'is_share'") }}, '') as definition
    from {{ ref('stg_registry__entry_versions') }}
    where
        file = 'north_star'
        and not is_deleted
        and extracted_at < {{ add_time('day', 1, as_of_at()) }}
),

compared as (
    select
        *,
        lag(definition) over (partition by entry_id order by extracted_at asc) as definition_before,
        lag(definition_version) over (partition by entry_id order by extracted_at asc) as version_before
    from versions
)

select
    entry_id,
    extracted_at,
    definition_version
from compared
where
    definition <> definition_before
    and definition_version = version_before
