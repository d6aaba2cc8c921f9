-- Grain: one row a company that existed by as_of, in the state of then. `domain` is the host of its website.
with companies as (
    {{ stage_as_of(raw('intercom', 'companies'), [
        ('name', 'company_name', 'text'),
        (mapped_field('intercom', 'account', 'custom_attributes', default='company_id'), 'external_id', 'text'),
        ('website', 'website', 'text'),
        ('created_at', 'created_seconds', 'integer'),
        ('updated_at', 'updated_seconds', 'integer'),
    ], from_epoch('updated_seconds')) }}
),

hosts as (
    select
        *,
        {{ text_part(
            text_part("replace(replace(lower(trim(website)), 'https://', ''), 'http://', '')", "'/'", 1), "':'", 1
        ) }} as host
    from companies
)

select
    record_id as company_id,
    company_name,
    nullif(trim(external_id), '') as external_id,
    nullif(case when host like 'www.%' then substr(host, 5) else host end, '') as domain,
    is_deleted,
    {{ from_epoch('created_seconds') }} as created_at,
    {{ from_epoch('updated_seconds') }} as updated_at
from hosts
where
    created_seconds is null
    or {{ from_epoch('created_seconds') }} < {{ as_of_at() }}
