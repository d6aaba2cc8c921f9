"""The operator's commands of `pops`."""

import os
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from pops.bi.tools import Tool
from pops.terminal import readable_errors, terminal
from settings.shown_text import plain


def register(app: typer.Typer) -> None:
    """Add the commands to `pops`."""

    @app.command()
    def forget(
        person: Annotated[
            str | None, typer.Option(help="Any address or id of a person, such as hubspot:contact:501000000.")
        ] = None,
        account: Annotated[
            str | None, typer.Option(help="An account's id, or a domain that is its own.")
        ] = None,
        before: Annotated[
            str | None,
            typer.Option(
                metavar="DATE",
                help="Events, and replaced versions of records, from before, such as 2024-11-01.",
            ),
        ] = None,
        dry_run: Annotated[
            bool, typer.Option("--dry-run", help="Show what is found, and change nothing.")
        ] = False,
        yes: Annotated[bool, typer.Option("--yes", help="Forget, without a way back.")] = False,
    ) -> None:
        """Forget a person, an account, or what happened before a date, in all that is held and served.

        What names them does not come back: not by a night, a backfill, a replay or a restored backup. Numbers that were counted
        stay. The next night builds everything from the records that are left.
        """
        from pops.operations.forget import Request, find
        from pops.operations.forget import forget as forget_in
        from settings.home import Home

        with readable_errors():
            home = Home.from_environment().prepare()
            day = _past_day(before) if before is not None else None
            request = Request(person, account, day)
            found = forget_in(home, request, _say) if yes and not dry_run else find(home, request)
            for line in found.lines():
                _say(line)
            if not (yes or dry_run):
                raise ValueError("Nothing was changed: run it again with --yes to forget this for good.")

    @app.command("forget-outdated")
    def forget_outdated() -> None:
        """Forget events, and replaced versions of records, older than POPS_KEEP_WEEKS: from a monthly timer, or a cron job.

        Not again before four more weeks are too old, since all raw files are written anew and the next night builds everything.
        """
        from datetime import UTC

        from pops.operations.outdated import forget_outdated as forget_in
        from settings.home import Home
        from settings.night import KEEP_WEEKS, Night, kept_from

        with readable_errors():
            today = Night.of(None, datetime.now(UTC)).as_of
            first_day = kept_from(today)
            if first_day is None:
                raise ValueError(
                    f"{KEEP_WEEKS} is not set, so everything is kept: set a number of weeks such as 104."
                )
            found = forget_in(Home.from_environment().prepare(), today, _say)
            for line in (
                found.lines()
                if found
                else [f"Nothing is due: four weeks of events from before {first_day} are not held."]
            ):
                _say(line)

    @app.command()
    def bi(
        target: Annotated[Path, typer.Argument(metavar="DIR", help="Where the files go.")],
        tool: Annotated[Tool, typer.Option("--for", help="The tool that reads them.")],
        uri: Annotated[
            str | None,
            typer.Option(
                help="SQLAlchemy's address of the mart as Superset reaches it; default: the published file. "
                "Superset asks for a password."
            ),
        ] = None,
    ) -> None:
        """Write what a tool imports of the mart: Superset a dashboard of the headlines, Cube a data model, Metabase a manifest for dbt-metabase."""
        from pops.bi import bi_files
        from settings.home import Home

        with readable_errors():
            if uri is not None and tool is not Tool.SUPERSET:
                raise ValueError(f"{tool.value} keeps the mart's address itself: leave --uri out.")
            for name, content in bi_files(Home.from_environment(), tool, uri).items():
                file = target / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
                _say(str(file))

    @app.command()
    def backup(
        target: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that is not there yet.")],
        wait: Annotated[
            int,
            typer.Option(min=0, max=100_000, help="Minutes to wait for a file that is being written."),
        ] = 120,
    ) -> None:
        """Copy the home to a folder, whole and with hashes, also while a night runs."""
        from pops.operations.backup import back_up
        from settings.home import Home

        with readable_errors():
            files = back_up(Home.from_environment(), target, wait * 60.0, _say)
            _say(f"{len(files)} files, {sum(int(each['bytes']) for each in files.values()):,} bytes")

    @app.command()
    def restore(
        source: Annotated[Path, typer.Argument(metavar="DIR", help="What `pops backup` left.")],
        forgotten: Annotated[
            Path | None,
            typer.Option(
                help="forgotten.json of the home that was lost: who was forgotten since the backup."
            ),
        ] = None,
    ) -> None:
        """Fill an empty POPS_HOME from a backup. Who is forgotten stays forgotten.

        POPS_PSEUDONYM_KEY_BEFORE: the key of a backup from before it was rotated.
        """
        from pops.operations.backup import restore as restore_home
        from settings.home import Home

        with readable_errors():
            home = Home.from_environment()
            restore_home(home, source, forgotten, _say, os.environ)
            # Files that only this user may read, as in every home.
            home.prepare()
            _say(f"{home.root} is as it was: run `pops nightly`, or wait for the night.")

    @app.command("rotate-key")
    def rotate() -> None:
        """Give the home the pseudonym key of the environment; POPS_PSEUDONYM_KEY_BEFORE is the one it has.

        The next night hashes everybody anew, from the raw records. Numbers and their revisions stay; ids of people in what
        was exported or published before no longer lead to anybody.
        """
        from orchestration.rebuilding import rotate_key
        from settings.home import Home

        with readable_errors():
            rotate_key(Home.from_environment().prepare())
            _say("The key is given: run `pops nightly`, and unset POPS_PSEUDONYM_KEY_BEFORE.")

    @app.command()
    def backfill(
        source: Annotated[str, typer.Argument(help="The source to read again.")],
        first: Annotated[str, typer.Option("--from", metavar="DATE", help="First day, such as 2026-11-01.")],
        after: Annotated[str, typer.Option("--to", metavar="DATE", help="The day after the last one.")],
    ) -> None:
        """Read a window of a source again. Raw takes what is new to it; the next night builds on it."""
        from datetime import UTC

        from orchestration.backfill import BackfillWindow, read_again
        from settings.home import Home

        with readable_errors():
            window = BackfillWindow(source=source, window_start=first, window_end=after)
            run = read_again(
                window,
                Home.from_environment().prepare().root,
                datetime.now(UTC),
                _say,
            )
            if run.outcome != "ok":
                raise ValueError(run.error or f"{source} was not read: {run.outcome}.")
            new = sum(stream.loaded for stream in run.streams)
            _say(f"{new:,} records were new to raw: the next night builds on them.")


def _past_day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"--before {text!r} is no date: give one such as 2024-11-01.") from None
    if day > datetime.now().date():
        raise ValueError(f"{day} is still to come: all events would go.")
    return day


def _say(line: str) -> None:
    terminal.print(plain(line), markup=False)
