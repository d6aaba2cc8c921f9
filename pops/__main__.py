"""`python -m orchestration` is `pops`."""

from pops.cli import app

app(prog_name="pops")
