"""What `pops` has for engineers: `model`, `diff`, and `new source|model|check`."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Annotated

import typer

new = typer.Typer(
    no_args_is_help=True, help="Write the files of a new source, model or check; see CONTRIBUTING.md."
)


@new.command()
def source(
    name: Annotated[str, typer.Argument(help="Its name in small letters, such as acme_desk.")],
    family: Annotated[str, typer.Option(help="Kind of tool: product_analytics, crm, support, delivery, ...")],
    stream: Annotated[str, typer.Option(help="The first kind of record that is read.")] = "records",
) -> None:
    """A connector and its staging; in this project also its sandbox vendor and its case in the contract suite."""
    scaffold = _scaffold()
    with _readable_errors():
        place = scaffold.Place.here()
    following = f"pops check {name}" if place.is_own else f"pytest -k {name} tests/test_contract.py"
    _tell(lambda: scaffold.new_source(name, family, stream, place), following)


@new.command()
def model(
    name: Annotated[str, typer.Argument(help="Such as mart_ticket_week or int_support__ticket_weeks.")],
    reads: Annotated[str, typer.Option(help="The model that it reads.")],
    date_column: Annotated[
        str, typer.Option("--date", help="The date column of that model by which weeks are cut.")
    ],
    area: Annotated[
        str, typer.Option(help="Folder of a mart; an intermediate model's is in its name.")
    ] = "product",
) -> None:
    """A model that counts rows by week, with its description, contract and tests."""
    _tell(
        lambda: _scaffold().new_model(name, reads, date_column, area, _scaffold().Place.here()),
        f"pops model {name}",
    )


@new.command()
def check(
    name: Annotated[str, typer.Argument(help="A sentence that must be true: assert_no_ticket_is_...")],
    model: Annotated[str, typer.Option(help="The model whose rows are looked at.")],
    wrong: Annotated[
        str, typer.Option(help="SQL condition of a row that is wrong, such as solved_at < created_at.")
    ],
) -> None:
    """A test that finds the rows of a model that are wrong; one such row keeps a night from being published."""
    _tell(lambda: _scaffold().new_check(name, model, wrong, _scaffold().Place.here()), f"pops model {model}")


def register(app: typer.Typer) -> None:
    """Add the commands to `pops`."""
    app.add_typer(new, name="new")
    app.command("model")(build_model)
    app.command("diff")(tell_difference)
    app.command("docs")(show_docs)


def build_model(
    name: Annotated[str, typer.Argument(help="The model's name, such as mart_delivery_week.")],
    rows: Annotated[int, typer.Option(min=1, help="How many rows of the result to show.")] = 10,
) -> None:
    """Build one model, with what changed above it, on the last night's data; show its rows and tests."""
    from rich.console import Console

    from pops.workbench.model_loop import run_model
    from settings.home import Home
    from warehouse.targets import refuse_elsewhere

    # A pipe has no width; a table in it should not be cut.
    terminal = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 200)
    with _readable_errors():
        refuse_elsewhere("`pops model`")
        if not run_model(Home.from_environment(), name, rows, terminal):
            raise typer.Exit(1)


def tell_difference() -> None:
    """Tell as Markdown what this checkout does to rows and metrics, against the last night. Exits 1 when it breaks."""
    from pops.workbench.pull_request import as_markdown, find_change
    from settings.home import Home
    from warehouse.targets import refuse_elsewhere

    with _readable_errors():
        refuse_elsewhere("`pops diff`")
        change = find_change(Home.from_environment(), lambda line: typer.echo(line, err=True))
        typer.echo(as_markdown(change))
        if not change.is_good:
            raise typer.Exit(1)


def show_docs(
    port: Annotated[
        int, typer.Option(min=1, max=65_535, help="Where it is served, on this machine alone.")
    ] = 8081,
    serve: Annotated[bool, typer.Option(help="Serve it, or only write it.")] = True,
) -> None:
    """Write dbt's documentation of the last night's tables and show it on localhost."""
    from pops.workbench import dbt_docs
    from settings.home import Home
    from warehouse.targets import refuse_elsewhere

    with _readable_errors():
        refuse_elsewhere("`pops docs`")
        page = dbt_docs.make_docs(Home.from_environment(), typer.echo)
        typer.echo(str(page))
        if serve:
            dbt_docs.serve(page, port, typer.echo)


@contextmanager
def _readable_errors() -> Iterator[None]:
    """Turn what an engineer can mend into a sentence; anything else stays a traceback, for it is our fault."""
    try:
        yield
    except (ValueError, FileNotFoundError) as error:
        typer.secho(str(error), fg=typer.colors.RED, err=True)
        raise typer.Exit(1) from None


def _scaffold() -> ModuleType:
    # Loaded when it is asked for: every `pops` command reads this file.
    from pops.workbench import scaffold

    return scaffold


def _tell(write: Callable[[], list[str]], following: str) -> None:
    with _readable_errors():
        written = write()
    for path in written:
        typer.echo(path)
    typer.echo(f"Next: {following}")
