"""What of HubSpot can be replayed: objects as the CRM API shows them, and the links between them."""

from sandbox.vendors.streams import Stream

_OBJECT = Stream(
    changed=("updatedAt", "properties.hs_lastmodifieddate", "properties.lastmodifieddate"),
    needs=("properties",),
    numbers=("id",),
)
STREAMS = {
    "companies": _OBJECT,
    "contacts": _OBJECT,
    "deals": _OBJECT,
    "owners": Stream(changed=("updatedAt",), numbers=("id",)),
    "associations": Stream(
        key=("from_type", "from_id", "to_type", "to_id"),
        hint="write the types and ids of both ends, which the API answers apart",
    ),
}
