"""What dbt says of a build that failed, as it may be stored and shown: without the values that the engine quotes."""

import re
from collections.abc import Mapping
from pathlib import Path

from connectors.redaction import without_values

_NODE = re.compile(r"^\s*(?:\w+ Error|Failure) in \w+ [\w.]+ \(")
_ENGINE = re.compile(r"^\s*[A-Z]\w*(?: \w+)* Error: ")


def of_own_code(told: str, folders: Mapping[str, Path]) -> str:
    """What dbt says of own code of the organisation, in one line with its files as they lie there, and the remedy.

    `folders`: of own code, by the name that they have in the project.
    """
    told = re.sub(r"^dbt \w+: ", "", told)
    for name, folder in folders.items():
        told = told.replace(f"own/{name}/", f"{folder}/")
    if not any(f"{folder}/" in told for folder in folders.values()):
        told = (
            "".join(f"{path}: " for path in _holding(told.rstrip().rpartition("\n")[2].strip(), folders))
            + told
        )
    return f"dbt cannot read {folder.parent}: {' '.join(told.split()).rstrip('.')}. Mend it, or take it away: no vendor was asked."


def _holding(line: str, folders: Mapping[str, Path]) -> list[Path]:
    """The files that hold a line: of a macro dbt quotes it, and does not say where it stands."""
    files = (path for folder in folders.values() for path in sorted(folder.rglob("*.sql")))
    return [path for path in files if line and line in path.read_text(encoding="utf-8", errors="replace")][:1]


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
