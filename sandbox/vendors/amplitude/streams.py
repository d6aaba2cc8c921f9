"""What of Amplitude can be replayed: events as its export has them."""

from sandbox.vendors.streams import Stream, Stretch

STREAMS = {
    "events": Stream(key=(), changed=("server_upload_time", "event_time"), stretch=Stretch.hour),
}
