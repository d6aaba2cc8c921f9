"""What of GrowthBook can be replayed: experiments, results, features, revisions and learnings as the API lists them."""

from sandbox.vendors.streams import Stream

_DATED = ("dateUpdated", "dateCreated")
STREAMS = {
    "experiments": Stream(changed=_DATED, needs=("dateUpdated",)),
    "results": Stream(key=("experimentId", "phase"), changed=("dateUpdated",), archived=""),
    "features": Stream(changed=_DATED, needs=("dateUpdated",)),
    "feature_revisions": Stream(key=("featureId", "version"), changed=("date",), archived=""),
    "learnings": Stream(changed=_DATED, archived=""),
}
