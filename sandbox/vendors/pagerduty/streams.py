"""What of PagerDuty can be replayed: incidents, services and log entries as the API lists them."""

from sandbox.vendors.streams import Stream

STREAMS = {
    "services": Stream(changed=("updated_at", "created_at"), archived=""),
    "incidents": Stream(
        changed=("updated_at", "last_status_change_at", "created_at"), needs=("created_at",), archived=""
    ),
    "log_entries": Stream(changed=("created_at",), needs=("created_at", "type"), archived=""),
}
