-- Grain: one row a teammate, those who have left included. Names and addresses stay behind.
with admins as (
    {{ stage_latest(raw('intercom', 'admins'), [
        ('has_inbox_seat', 'has_inbox_seat', 'boolean'),
    ]) }}
)

select
    record_id as admin_id,
    coalesce(has_inbox_seat, false) as has_inbox_seat,
    is_deleted
from admins
