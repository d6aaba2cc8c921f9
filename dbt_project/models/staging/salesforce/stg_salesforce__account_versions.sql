-- Grain: one row a version of an account that was ever read. The segment's history comes from here.
with versions as (
    {{ stage_records(source('salesforce', 'accounts'), [
        ('OwnerId', 'owner_id', 'text'),
        ('MasterRecordId', 'master_account_id', 'text'),
        ('App_Account_Id__c', 'app_account_id', 'text'),
        ('Name', 'account_name', 'text'),
        ('Website', 'website', 'text'),
        ('Segment__c', 'segment', 'text'),
        ('Plan__c', 'plan', 'text'),
        ('CurrencyIsoCode', 'currency_original', 'text'),
        ('ARR_USD__c', 'arr', 'double'),
        ('Is_Test__c', 'is_test_account', 'boolean'),
        ('Churned_On__c', 'churned_on', 'date'),
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
    -- With several currencies every amount of a record is in the record's own; the field's name holds where there is one.
    case
        when nullif(trim(currency_original), '') is null then 'USD'
        else {{ currency_code('currency_original') }}
    end as arr_currency,
    arr,
    coalesce(is_test_account, false) as is_test_account,
    is_deleted,
    churned_on,
    created_at,
    updated_at,
    extracted_at
from versions
