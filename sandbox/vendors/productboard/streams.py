"""What of Productboard can be replayed: entities and notes of its API, version 2."""

from sandbox.vendors.streams import Stream

_ENTITY = Stream(changed=("updatedAt", "createdAt"), needs=("type",), archived="fields.archived")
STREAMS = {
    "features": _ENTITY,
    "components": _ENTITY,
    "initiatives": _ENTITY,
    "objectives": _ENTITY,
    "releases": _ENTITY,
    "companies": _ENTITY,
    "users": _ENTITY,
    "notes": Stream(
        changed=("updatedAt", "createdAt"), needs=("createdAt", "updatedAt"), archived="fields.archived"
    ),
    "jira_integrations": Stream(changed=("createdAt",)),
    "jira_connections": Stream(key=("id", "fields.issueId")),
}
