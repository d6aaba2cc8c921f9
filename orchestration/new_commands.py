"""`pops new source|model|check`."""

from collections.abc import Callable
from types import ModuleType
from typing import Annotated

import typer

app = typer.Typer(
    no_args_is_help=True, help="Write the files of a new source, model or check; see CONTRIBUTING.md."
)


@app.command()
def source(
    name: Annotated[str, typer.Argument(help="Its name in small letters, such as acme_desk.")],
    family: Annotated[str, typer.Option(help="Kind of tool: product_analytics, crm, support, delivery, ...")],
    stream: Annotated[str, typer.Option(help="The first kind of record that is read.")] = "records",
) -> None:
    """A connector with its sandbox vendor, its case in the contract suite, and staging."""
    _tell(lambda: _scaffold().new_source(name, family, stream), f"pytest -k {name} tests/test_contract.py")


@app.command()
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
    _tell(lambda: _scaffold().new_model(name, reads, date_column, area), f"pops model {name}")


@app.command()
def check(
    name: Annotated[str, typer.Argument(help="A sentence that must be true: assert_no_ticket_is_...")],
    model: Annotated[str, typer.Option(help="The model whose rows are looked at.")],
    wrong: Annotated[
        str, typer.Option(help="SQL condition of a row that is wrong, such as solved_at < created_at.")
    ],
) -> None:
    """A test that finds the rows of a model that are wrong; one such row keeps a night from being published."""
    _tell(lambda: _scaffold().new_check(name, model, wrong), f"pops model {model}")


def _scaffold() -> ModuleType:
    # Loaded when it is asked for: every `pops` command reads this file.
    from orchestration import scaffold

    return scaffold


def _tell(write: Callable[[], list[str]], following: str) -> None:
    try:
        written = write()
    except ValueError as error:
        typer.secho(str(error), fg=typer.colors.RED, err=True)
        raise typer.Exit(1) from None
    for path in written:
        typer.echo(path)
    typer.echo(f"Next: {following}")
