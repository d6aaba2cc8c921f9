"""What of Mixpanel can be replayed: events as its export has them, profiles as its list shows them."""

from sandbox.vendors.streams import Stream, Stretch

STREAMS = {
    "events": Stream(key=(), changed=("properties.time",), stretch=Stretch.day),
    "profiles": Stream(key=("$distinct_id",)),
}
