{# Owners are no facts that a number hangs on, and may be persons. #}
{% set files = [
    'organisation', 'products', 'features', 'teams', 'stages', 'roadmap_statuses', 'feedback_sources', 'targets', 'calendar',
    'exclusions', 'delivery', 'services', 'funnels', 'surveys', 'themes', 'north_star', 'sources', 'exchange_rates',
] %}
with versions as (
    {%- for file in files %}
    select
        '{{ file }}' as file,
        record_id,
        record,
        record_version,
        record_hash,
        load_id,
        is_deleted,
        cast(extracted_at as timestamp) as extracted_at
    from {{ source('registry', file) }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

-- A night that is run again may have read an entry twice.
ranked as (
    select
        *,
        row_number() over (
            partition by file, record_id, extracted_at
            order by record_version desc, load_id desc, record_hash desc
        ) as place
    from versions
)

select
    file,
    record_id as entry_id,
    record,
    is_deleted,
    extracted_at
from ranked
where place = 1
