-- Grain: one row a currency and spell of days `valid_from` <= day < `valid_to` in which one unit of it is worth `rate`
-- units of the organisation's home currency. The home currency is always worth one; of others the registry says so.
select
    currency,
    rate,
    valid_from,
    lead(valid_from, 1, cast('9999-12-31' as date)) over (partition by currency order by valid_from asc) as valid_to
from {{ ref('stg_registry__exchange_rates') }}
union all
select
    home_currency as currency,
    cast(1 as double) as rate,
    cast('1900-01-01' as date) as valid_from,
    cast('9999-12-31' as date) as valid_to
from {{ ref('stg_registry__organisation') }}
