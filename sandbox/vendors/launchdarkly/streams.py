"""What of LaunchDarkly can be replayed: flags with all their environments, audit log entries and experiments, each with its project."""

from sandbox.vendors.streams import Stream

HINT = "write the key of the project, which the API leaves out"
STREAMS = {
    "flags": Stream(key=("project_key", "key"), changed=("creationDate",), hint=HINT),
    "audit_log": Stream(key=("_id",), changed=("date",), needs=("date",), archived=""),
    "experiments": Stream(
        key=("project_key", "environmentKey", "key"), changed=("_creationDate",), hint=HINT, archived=""
    ),
}
