"""Whether two commits publish the same: `python -m tests.compare_commits BEFORE [AFTER] [--homes DIR]`.

Builds the demo's three nights at small scale with the code of each commit and compares every published table row by row
and every page of the report word by word. For a change of structure, which must not change a number. A home that was
built for a commit before is used again when `--homes` names the folder that keeps it.
"""

import argparse
import difflib
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

import duckdb

from pops.workbench.table_diff import compare_tables

ROOT = Path(__file__).resolve().parent.parent
# Any key of its own length will do, if it is the same for both: people are known by it.
KEY = "a-key-that-is-long-enough-for-comparing-nights"
_LINES_SHOWN = 20


def main() -> int:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("before")
    options.add_argument("after", nargs="?", default="HEAD")
    options.add_argument("--homes", type=Path, help="keep the homes here")
    options.add_argument("--nights", type=int, default=3)
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        kept = asked.homes or Path(scratch) / "homes"
        homes = [
            built_home(commit, kept, Path(scratch), asked.nights) for commit in (asked.before, asked.after)
        ]
        differences = [*different_tables(*homes), *different_pages(*homes)]
    print("\n".join(differences) or "The same: every published table row by row, every page word by word.")
    return 1 if differences else 0


def built_home(commit: str, homes: Path, scratch: Path, nights: int) -> Path:
    """The home of the demo's nights with the code of a commit. Raises CalledProcessError when a night fails."""
    revision = _git("rev-parse", "--short", f"{commit}^{{commit}}")
    home = homes / f"{revision}-{nights}"
    done = home / "compared"
    if done.exists():
        return home
    checkout = scratch / revision
    _git("worktree", "add", "--detach", str(checkout), revision)
    try:
        scripts = tomllib.loads((checkout / "pyproject.toml").read_text())["project"]["scripts"]
        module, name = scripts["pops"].split(":")
        environment = {name: value for name, value in os.environ.items() if not name.startswith("POPS_")}
        environment |= {"POPS_HOME": str(home), "POPS_PSEUDONYM_KEY": KEY, "PYTHONPATH": str(checkout)}
        command = f"from {module} import {name}; {name}()"
        subprocess.run(
            [sys.executable, "-c", command, "demo", "--scale", "small", "--nights", str(nights)],
            cwd=checkout, env=environment, check=True,
        )  # fmt: skip
    finally:
        _git("worktree", "remove", "--force", str(checkout))
    done.touch()
    return home


def different_tables(before: Path, after: Path) -> Iterator[str]:
    """A line a published table that differs: rows by its whole content, and its columns."""
    with duckdb.connect() as both:
        for name, home in (("before", before), ("after", after)):
            both.execute(f"attach '{home / 'published' / 'product_ops.duckdb'}' as {name} (read_only)")
        rows = both.execute(
            "select distinct table_schema, table_name from information_schema.tables "
            "where table_catalog in ('before', 'after') order by all"
        ).fetchall()
        for schema, table in rows:
            relations = [f'{name}."{schema}"."{table}"' for name in ("before", "after")]
            missing = [each for each in relations if not _exists(both, each)]
            if missing:
                yield f"{schema}.{table}: only in {'after' if missing[0].startswith('before') else 'before'}"
                continue
            found = compare_tables(both, *relations, key=())
            if not found.is_same:
                yield (
                    f"{schema}.{table}: {found.rows_before} rows before, {found.rows_now} after; {found.removed} only before, "
                    f"{found.added} only after; new columns {list(found.new_columns)}, lost {list(found.lost_columns)}"
                )


def different_pages(before: Path, after: Path) -> Iterator[str]:
    """What readers read, without tags: the first lines that differ of each page."""
    pages = {
        path.relative_to(home / "reports")
        for home in (before, after)
        for path in (home / "reports").rglob("*.html")
    }
    for page in sorted(pages):
        texts = [_words(home / "reports" / page) for home in (before, after)]
        changed = [line for line in difflib.unified_diff(*texts, lineterm="", n=0) if line[:1] in "+-"][2:]
        if changed:
            yield "\n".join([f"{page}: {len(changed)} lines differ", *changed[:_LINES_SHOWN]])


def _words(page: Path) -> list[str]:
    if not page.exists():
        return []
    text = re.sub(r"<style.*?</style>", "", page.read_text(), flags=re.DOTALL)
    return [line.strip() for line in re.sub(r"<[^>]*>", "\n", text).splitlines() if line.strip()]


def _exists(connection: duckdb.DuckDBPyConnection, relation: str) -> bool:
    try:
        connection.execute(f"describe {relation}")
    except duckdb.CatalogException:
        return False
    return True


def _git(*arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
