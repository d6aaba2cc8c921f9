-- Grain: one row a version of a company that was ever read. The segment's history comes from here.
with versions as (
    {{ stage_records(source('hubspot', 'companies'), [
        ('properties.hubspot_owner_id', 'owner_id', 'text'),
        ('properties.app_account_id', 'app_account_id', 'text'),
        ('properties.name', 'company_name', 'text'),
        ('properties.domain', 'domain', 'text'),
        ('properties.hs_additional_domains', 'additional_domains', 'text'),
        ('properties.segment', 'segment', 'text'),
        ('properties.plan', 'plan', 'text'),
        ('properties.hs_merged_object_ids', 'merged_ids', 'text'),
        ('properties.is_test_account', 'is_test_account', 'boolean'),
        ('properties.arr_usd', 'arr', 'double'),
        ('properties.churned_on', 'churned_on', 'date'),
        ('archived', 'is_archived', 'boolean'),
        ('createdAt', 'created_at', 'timestamp'),
        ('updatedAt', 'updated_at', 'timestamp'),
        ('archivedAt', 'archived_at', 'timestamp'),
    ], ['load_id', 'record_hash']) }}
)

select
    record_id as company_id,
    record_hash,
    load_id,
    nullif(owner_id, '') as owner_id,
    nullif(app_account_id, '') as app_account_id,
    nullif(trim(company_name), '') as company_name,
    nullif(lower(trim(domain)), '') as domain,
    {{ json_text_list('additional_domains') }} as additional_domains,
    nullif(lower(trim(segment)), '') as segment,
    segment as segment_original,
    nullif(lower(trim(plan)), '') as plan,
    plan as plan_original,
    {{ json_text_list('merged_ids') }} as merged_company_ids,
    -- The property says its currency in its name.
    'USD' as arr_currency,
    arr,
    coalesce(is_test_account, false) as is_test_account,
    coalesce(is_archived, false) or is_deleted as is_archived,
    is_deleted,
    churned_on,
    created_at,
    updated_at,
    archived_at,
    extracted_at
from versions
