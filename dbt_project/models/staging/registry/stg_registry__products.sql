with entries as (
    {{ stage_latest(source('registry', 'products'), [
        ('id', 'product_id', 'text'),
        ('formerly', 'former_ids', 'json'),
        ('name', 'product_name', 'text'),
        ('owner', 'owner', 'text'),
        ('activation', 'activation', 'json'),
        ('_ordinal', 'position_in_file', 'integer'),
    ]) }}
)

select
    product_id,
    coalesce(former_ids, '[]') as former_ids,
    product_name,
    owner,
    activation,
    row_number() over (order by position_in_file asc nulls last, product_id asc) as ordinal
from entries
where not is_deleted
