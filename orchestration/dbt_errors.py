"""What dbt says of a build that failed, as it may be stored and shown: without the values that the engine quotes."""

import re

from connectors.redaction import without_values

_NODE = re.compile(r"^\s*(?:\w+ Error|Failure) in \w+ [\w.]+ \(")
_ENGINE = re.compile(r"^\s*[A-Z]\w*(?: \w+)* Error: ")


def without_records(told: str) -> str:
    """The text with each node's name and its engine's sentence. The rest of such a sentence may be a record's text."""
    kept: list[str] = []
    is_rest = False
    for line in told.splitlines():
        if _NODE.match(line):
            is_rest = False
            kept.append(line.rstrip())
        elif not is_rest:
            kept.append(without_values(line) if line.strip() else "")
            is_rest = bool(_ENGINE.match(line))
    return "\n".join(kept)
