"""`pops docs`: dbt's own documentation of models, columns, tests and lineage, with the tables of the last night.

It is made from a copy of the warehouse (a night may be writing the original) in `POPS_HOME/workbench/docs`.
"""

import os
from pathlib import Path

from pops.workbench.workbench import BuildError, Say
from publication.kept_night import kept_night
from publication.snapshots import refresh_copy
from settings.home import Home
from settings.identity import PSEUDONYM_KEY
from settings.own_code import dbt_project


def make_docs(home: Home, say: Say) -> Path:
    """Write the documentation; gives the page, one file that needs no server and no network.

    Raises FileNotFoundError without a last night, BuildError with dbt's own words.
    """
    from dbt.cli.main import dbtRunner

    from connectors.runner import prepare_raw

    night = kept_night(home)
    folder = home.root / "workbench" / "docs"
    folder.mkdir(parents=True, exist_ok=True)
    refresh_copy(home.warehouse, folder / home.warehouse.name)
    prepare_raw(folder)
    os.environ["POPS_HOME"] = str(folder)
    os.environ["POPS_AS_OF"] = night.as_of.isoformat()
    # Nothing is hashed here: dbt asks for a key whenever it connects.
    os.environ.setdefault(PSEUDONYM_KEY, "documentation")
    os.environ.pop("DBT_TARGET_PATH", None)
    project = dbt_project(home)
    os.chdir(project)
    say(f"Describing the warehouse of the night as of {night.as_of}.")
    target = folder / "target"
    common = [
        "--no-send-anonymous-usage-stats", "--log-level", "none", "--log-level-file", "none",
        "--project-dir", str(project), "--profiles-dir", str(project),
        "--target-path", str(target), "--log-path", str(target), "--vars", night.variables,
    ]  # fmt: skip
    # Parsing writes the manifest that the page is made of.
    done = dbtRunner().invoke(["parse", *common])
    if done.success:
        command = ["docs", "generate", "--static", "--no-compile", *common]
        done = dbtRunner(manifest=done.result).invoke(command)
    if not done.success:
        raise BuildError(f"dbt docs: {done.exception or 'a table of the last night could not be described.'}")
    return target / "static_index.html"


def serve(page: Path, port: int, say: Say) -> None:
    """Show the page on this machine alone until it is interrupted. Raises OSError when the port is taken."""
    from functools import partial
    from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

    handler = partial(SimpleHTTPRequestHandler, directory=str(page.parent))
    with ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        say(f"http://127.0.0.1:{port}/{page.name}   (Ctrl-C ends it)")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            say("Ended.")
