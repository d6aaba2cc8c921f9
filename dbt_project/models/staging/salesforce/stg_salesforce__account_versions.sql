-- Grain: one row a version of an account that was ever read. The segment's history comes from here.
-- With several currencies every amount of a record is in the record's own.
with versions as (
    {{ stage_records(raw('salesforce', 'accounts'), [
        ('OwnerId', 'owner_id', 'id'),
        ('MasterRecordId', 'master_account_id', 'id'),
        (mapped_field('salesforce', 'account'), 'app_account_id', 'text'),
        ('Name', 'account_name', 'text'),
        ('Website', 'website', 'text'),
        (mapped_field('salesforce', 'segment'), 'segment', 'text'),
        (mapped_field('salesforce', 'plan'), 'plan', 'text'),
        (mapped_field('salesforce', 'revenue', '', 'currency_property', 'CurrencyIsoCode'), 'currency_original', 'text'),
        (mapped_field('salesforce', 'revenue'), 'revenue', 'double'),
        (mapped_field('salesforce', 'test'), 'is_test_account', 'boolean'),
        (mapped_field('salesforce', 'churned_on'), 'churned_on', 'date'),
        (mapped_field('salesforce', 'renews_on'), 'renews_on', 'date'),
        ('CreatedDate', 'created_at', 'timestamp'),
        ('SystemModstamp', 'updated_at', 'timestamp'),
    ], ['load_id', 'record_hash']) }}
)

select
    record_id as account_id,
    record_hash,
    load_id,
    owner_id,
    master_account_id,
    nullif(app_account_id, '') as app_account_id,
    nullif(trim(account_name), '') as account_name,
    {{ domain_of('website') }} as domain,
    {{ slug_of('segment') }} as segment,
    segment as segment_original,
    {{ slug_of('plan') }} as plan,
    plan as plan_original,
    {{ revenue_currency('salesforce', 'currency_original') }} as arr_currency,
    {{ yearly_revenue('salesforce', 'revenue') }} as arr,
    coalesce(is_test_account, false) as is_test_account,
    is_deleted,
    churned_on,
    renews_on,
    created_at,
    updated_at,
    extracted_at
from versions
