"""Takes out of the published file what names somebody who is forgotten."""

import json
from pathlib import Path

import duckdb

from connectors.rewriting import rewrite
from connectors.storage import quoted
from publication.meta import PUBLISHED_SCHEMAS

_STRUCK_OUT = "(forgotten)"


def forget_published(published: Path, pattern: str) -> bool:
    """Remove the rows of marts and metrics in which a text matches (RE2), strike it out of what is said of the night, and
    write the file anew as a revision of its own; whether there was anything.
    """
    if not published.exists():
        return False
    found = False

    def change(connection: duckdb.DuckDBPyConnection) -> None:
        nonlocal found
        found = _forget(connection, pattern)

    rewrite(published, change)
    return found


def _forget(connection: duckdb.DuckDBPyConnection, pattern: str) -> bool:
    tables = connection.execute(
        """
        select schema_name, table_name, list(column_name)
        from duckdb_columns() inner join duckdb_tables() using (schema_name, table_name)
        where not internal and data_type = 'VARCHAR' and schema_name in ('mart', 'metrics', 'meta')
        group by 1, 2 order by 1, 2
        """.replace("not internal", "not duckdb_columns.internal")
    ).fetchall()
    connection.execute("begin")
    changed = 0
    for schema, table, columns in tables:
        name, texts = quoted(schema, table), [quoted(each) for each in columns]
        matching = f"regexp_matches(concat_ws(chr(31), {', '.join(texts)}), $pattern, 'i')"
        if schema in PUBLISHED_SCHEMAS.values():
            sql = f"delete from {name} where {matching}"
        else:
            struck = ", ".join(
                f"{each} = regexp_replace({each}, $pattern, '{_STRUCK_OUT}', 'gi')" for each in texts
            )
            sql = f"update {name} set {struck} where {matching}"
        changed += connection.execute(sql, {"pattern": pattern}).fetchall()[0][0]
    if changed:
        _renumber(connection)
    connection.execute("commit")
    return changed > 0


def _renumber(connection: duckdb.DuckDBPyConnection) -> None:
    """Another content is another revision; of what it is counted, so that a night can tell its own from it."""
    ((told,),) = connection.execute("select row_counts from meta.publication").fetchall()
    counts = {
        name: connection.execute(f"select count(*) from {quoted(*name.split('.'))}").fetchall()[0][0]
        for name in json.loads(told)
    }
    connection.execute(
        "update meta.publication set revision = revision + 1, row_counts = ?, content_hash = md5(content_hash || ?)",
        [json.dumps(counts), _STRUCK_OUT],
    )
