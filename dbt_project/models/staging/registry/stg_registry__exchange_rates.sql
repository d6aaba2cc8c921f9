with entries as (
    {{ stage_latest(source('registry', 'exchange_rates'), [
        ('id', 'rate_id', 'text'),
        ('from', 'valid_from', 'date'),
        ('currency', 'currency', 'text'),
        ('rate', 'rate', 'double'),
    ]) }}
)

select
    rate_id,
    currency,
    rate,
    valid_from
from entries
where not is_deleted
