"""What of Salesforce can be replayed: rows of its objects, with the names of fields that SOQL has for them."""

from sandbox.vendors.streams import Stream

_OBJECT = Stream(key=("Id",), changed=("SystemModstamp", "CreatedDate"), archived="IsDeleted")
STREAMS = dict.fromkeys(
    ("accounts", "contacts", "opportunities", "opportunity_history", "leads", "users"), _OBJECT
)
