"""What is held of a customer, as files: what the tools sent, and the rows of the published mart."""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import duckdb

from connectors.forgetting_raw import Wanted, records_in_raw
from connectors.instances import held_sources
from connectors.storage import literal, open_duckdb, quoted
from pops.operations.subjects import account
from publication.export import for_spreadsheets
from settings.home import Home


def export_account(
    home: Home, value: str, target: Path, env: Mapping[str, str] = os.environ
) -> tuple[Path, int]:
    """Write `raw.<source>.<stream>.jsonl`, every version of each record that is the account's, and `<schema>.<table>.csv`, its
    rows of the mart; returns the folder below `target`, which appears whole or not at all, and how many rows it has.

    The rule is that of `pops forget`: what would go is what is handed out; records of others that mention it are not. Raises
    ValueError for an account that is not known.
    """
    subject = account(home, value, env)
    known = {each.lower() for each in subject.all_names}
    wanted = Wanted(lambda text: text.strip().lower() in known, subject.needles)
    name = "".join(each if each.isalnum() else "-" for each in value)
    folder, unfinished = target / f"account-{name}", target / f".account-{name}.next"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True, mode=0o700)
    rows = 0
    for source in held_sources(home.root, env):
        for stream, record in records_in_raw(home.root, source, wanted):
            with (unfinished / f"raw.{source}.{stream}.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps(record, ensure_ascii=False) + "\n")
            rows += 1
    if home.published.exists():
        with open_duckdb(home.published, read_only=True) as mart:
            rows += _tables(mart, subject.built, unfinished)
    shutil.rmtree(folder, ignore_errors=True)
    unfinished.rename(folder)
    return folder, rows


def _tables(mart: duckdb.DuckDBPyConnection, ids: set[str], folder: Path) -> int:
    rows = 0
    tables = mart.execute(
        "select schema_name, table_name from duckdb_tables() inner join duckdb_columns() using (schema_name, table_name) "
        "where schema_name = 'mart' and column_name = 'account_id' order by all"
    ).fetchall()
    for schema, table in tables:
        of_account = (
            f"from {quoted(schema, table)} where account_id in ({', '.join(map(literal, sorted(ids)))})"
        )
        ((count,),) = mart.execute(f"select count(*) {of_account}").fetchall()
        if count:
            file = folder / f"{schema}.{table}.csv"
            selected = for_spreadsheets(mart, schema, table)
            mart.execute(f"copy (select {selected} {of_account}) to {literal(file)} (format csv, header)")
            rows += count
    return rows
