"""What of Intercom can be replayed: conversations with their parts (deleted ones with `archived`), and who takes part."""

from sandbox.vendors.streams import Stream

STREAMS = {
    "conversations": Stream(
        changed=("updated_at", "created_at"),
        needs=("updated_at", "created_at"),
        numbers=("updated_at", "created_at"),
    ),
    "contacts": Stream(changed=("updated_at", "created_at"), needs=("updated_at",), numbers=("updated_at",)),
    "companies": Stream(changed=("updated_at", "created_at"), needs=("updated_at",), numbers=("updated_at",)),
    "admins": Stream(),
}
