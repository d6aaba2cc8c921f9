with entries as (
    {{ stage_latest(source('registry', 'organisation'), [
        ('id', 'organisation_id', 'text'),
        ('name', 'organisation_name', 'text'),
        ('reporting_time_zone', 'reporting_time_zone', 'text'),
        ('week_starts_on', 'week_starts_on', 'text'),
        ('home_currency', 'home_currency', 'text'),
        ('retention_brackets', 'retention_brackets', 'json'),
    ]) }}
)

select
    organisation_id,
    organisation_name,
    reporting_time_zone,
    week_starts_on,
    coalesce(home_currency, 'USD') as home_currency,
    coalesce(
        retention_brackets,
        '[{"from_day": 1, "to_day": 7}, {"from_day": 8, "to_day": 14}, {"from_day": 15, "to_day": 28}]'
    ) as retention_brackets
from entries
where not is_deleted
