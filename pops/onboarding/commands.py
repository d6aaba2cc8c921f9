"""What `pops` has for a company's first hour: `init` and `discover`."""

from pathlib import Path
from typing import Annotated

import typer

from pops.terminal import readable_errors, terminal
from settings.shown_text import shown


def register(app: typer.Typer) -> None:
    """Add the commands to `pops`."""
    app.command("init")(init)
    app.command("discover")(discover)


def init(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="The company's own folder; it may be a repository.")
    ],
    name: Annotated[str | None, typer.Option(help="The company's name.")] = None,
    time_zone: Annotated[
        str | None, typer.Option(help="In which days and weeks are cut, such as Europe/Paris.")
    ] = None,
    week_starts_on: Annotated[str | None, typer.Option(help="monday or sunday.")] = None,
    currency: Annotated[str | None, typer.Option(help="In which money is shown, such as EUR.")] = None,
    language: Annotated[str | None, typer.Option(help="Of the reports: en or fr.")] = None,
    tools: Annotated[str | None, typer.Option(help="Its tools, separated by commas: hubspot,jira.")] = None,
    owner: Annotated[str, typer.Option(help="Who answers for what nobody else does.")] = "team:product-ops",
) -> None:
    """Make a company's own folder: its registry, the names of the variables that its tools need, and no secret.

    What is not given as an option is asked for.
    """
    from connectors import VENDORS
    from pops.onboarding.company_folder import Answers, make_folder, next_steps

    def asked(question: str, given: str | None, default: str | None) -> str:
        if given is not None:
            return given.strip()
        try:
            return str(typer.prompt(question, default=default)).strip()
        except typer.Abort:
            raise ValueError(
                "Nobody answers: give every answer as an option, as `pops init --help` lists."
            ) from None

    with readable_errors():
        answers = Answers(
            name=asked("Name of the company", name, None),
            time_zone=asked("Time zone, such as Europe/Paris", time_zone, "UTC"),
            week_starts_on=asked("First day of the week", week_starts_on, "monday").lower(),
            currency=asked("Home currency", currency, "EUR").upper(),
            language=asked("Language of the reports", language, "en").lower(),
            tools=_names(asked(f"Tools, separated by commas ({', '.join(VENDORS)})", tools, "")),
            owner=owner.strip(),
        )
        for path in make_folder(folder, answers):
            terminal.print(shown(path))
        for number, step in enumerate(next_steps(folder, answers.tools), 1):
            terminal.print(f"{number}. {step}", markup=False)


def discover(
    days: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=36_500,
            help="Only a look at so many days of events; the first night reads all again. Default: all.",
        ),
    ] = None,
    diff: Annotated[
        bool,
        typer.Option(
            "--diff", help="Read and write nothing: what raw has and the registry does not speak of."
        ),
    ] = False,
) -> None:
    """Read the tools into raw as a night does, and propose in the registry's files what they are to say, with the evidence.

    No line that is there is changed, and what a file speaks of, in an entry or a comment, is not proposed again.
    """
    import os

    from pops.onboarding.discovery import found, read_sources, write_found
    from settings.home import Home

    with readable_errors():
        home = Home.from_environment()
        failed = []
        if not diff:
            failed = read_sources(home.prepare(), os.environ, days, lambda line: terminal.print(shown(line)))
        new = found(home, os.environ)
        if diff:
            for each in new:
                terminal.print(f"{each.file}.yml", markup=False)
                for line in each.lines:
                    terminal.print(f"  {shown(line)}")
        elif new:
            for path in write_found(os.environ, new):
                count = sum(each.file == path.stem for each in new)
                terminal.print(f"{shown(path)}  {count} new")
        if not new:
            terminal.print("Nothing is new: the registry speaks of all that was found.")
        for sentence in failed:
            terminal.print(f"[red]{shown(sentence)}[/red]")
        if failed:
            raise typer.Exit(1)


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each.strip().lower() for each in text.split(",") if each.strip()))
