"""What of PostHog can be replayed: events and persons as an export has them, the rest as its lists show it."""

from sandbox.vendors.streams import Stream, Stretch

STREAMS = {
    "events": Stream(key=(), changed=("_inserted_at", "created_at", "timestamp"), stretch=Stretch.hour),
    "persons": Stream(key=("distinct_id",), changed=("_inserted_at", "created_at")),
    "feature_flags": Stream(changed=("created_at",)),
    "flag_activity": Stream(changed=("created_at",)),
    "experiments": Stream(changed=("updated_at", "created_at")),
    "surveys": Stream(changed=("created_at",), archived=""),
}
