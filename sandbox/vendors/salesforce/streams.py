"""What of Salesforce can be replayed: rows of its objects, with the names of fields that SOQL has for them."""

from sandbox.vendors.streams import Stream

_OBJECT = Stream(
    key=("Id",), changed=("SystemModstamp", "CreatedDate"), needs=("SystemModstamp",), archived="IsDeleted"
)
STREAMS = {
    "accounts": _OBJECT,
    "contacts": _OBJECT,
    "opportunities": _OBJECT,
    "opportunity_history": Stream(
        key=("Id",), changed=("CreatedDate",), needs=("CreatedDate",), archived="IsDeleted"
    ),
    "leads": _OBJECT,
    "users": _OBJECT,
}
