with entries as (
    {{ stage_latest(source('registry', 'organisation'), [
        ('id', 'organisation_id', 'text'),
        ('name', 'organisation_name', 'text'),
        ('reporting_time_zone', 'reporting_time_zone', 'text'),
        ('week_starts_on', 'week_starts_on', 'text'),
        ('home_currency', 'home_currency', 'text'),
    ]) }}
)

select
    organisation_id,
    organisation_name,
    reporting_time_zone,
    week_starts_on,
    coalesce(home_currency, 'USD') as home_currency
from entries
where not is_deleted
