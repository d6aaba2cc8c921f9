"""`python -m orchestration` is `pops`."""

from orchestration.cli import app

app(prog_name="pops")
