-- Grain: one row a version of a company that was ever read. The segment's history comes from here.
with versions as (
    {{ stage_records(raw('hubspot', 'companies'), [
        ('properties.hubspot_owner_id', 'owner_id', 'id'),
        (mapped_field('hubspot', 'account', 'properties'), 'app_account_id', 'text'),
        ('properties.name', 'company_name', 'text'),
        ('properties.domain', 'domain', 'text'),
        ('properties.hs_additional_domains', 'additional_domains', 'text'),
        (mapped_field('hubspot', 'segment', 'properties'), 'segment', 'text'),
        (mapped_field('hubspot', 'plan', 'properties'), 'plan', 'text'),
        ('properties.hs_merged_object_ids', 'merged_ids', 'text'),
        (mapped_field('hubspot', 'test', 'properties'), 'is_test_account', 'boolean'),
        (mapped_field('hubspot', 'revenue', 'properties'), 'revenue', 'double'),
        (mapped_field('hubspot', 'revenue', 'properties', 'currency_property'), 'currency_original', 'text'),
        (mapped_field('hubspot', 'churned_on', 'properties'), 'churned_on', 'date'),
        (mapped_field('hubspot', 'renews_on', 'properties'), 'renews_on', 'date'),
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
    {{ slug_of('segment') }} as segment,
    segment as segment_original,
    {{ slug_of('plan') }} as plan,
    plan as plan_original,
    {{ json_text_list(qualified_each('merged_ids', ';')) }} as merged_company_ids,
    {{ revenue_currency('hubspot', 'currency_original') }} as arr_currency,
    {{ yearly_revenue('hubspot', 'revenue') }} as arr,
    coalesce(is_test_account, false) as is_test_account,
    coalesce(is_archived, false) or is_deleted as is_archived,
    is_deleted,
    churned_on,
    renews_on,
    created_at,
    updated_at,
    archived_at,
    extracted_at
from versions
