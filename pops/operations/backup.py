"""A copy of a home that holds together although a night is running, and the way back.

Nobody may open a DuckDB file that another process writes, and no night may fail because it is being copied: each file is
copied while nobody has it open, and copied again when it changed meanwhile. The warehouse goes first: what raw gained since
is what any night finds.
"""

import contextlib
import hashlib
import json
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from connectors.forgetting_raw import Wanted, forget_in_raw
from connectors.forgotten import FILE as FORGOTTEN
from connectors.forgotten import Book
from connectors.instances import held_sources
from connectors.storage import is_held_for_writing, log_of, write_text
from orchestration.rebuilding import KEY_BEFORE, forget_built_tables, give_key
from publication.snapshots import file_state
from settings.home import Home
from settings.identity import PSEUDONYM_KEY, Identity, kept_identity

MANIFEST = "manifest.json"
# Made anew by whoever needs it, and full of copies.
_LEFT_OUT = {"dbt", "dlt", "workbench", "exports"}
_UNFINISHED = (".next", ".work", ".tmp", ".lock")
# What was built before somebody was forgotten may name them, and only raw can be searched without their names.
_NOT_WITHOUT_NAMES = ("published", "reports", "dagster", "notices.sqlite")
_PAUSE_SECONDS = 1.0


def back_up(
    home: Home, target: Path, patience_seconds: float, say: Callable[[str], None]
) -> dict[str, dict[str, str | int]]:
    """Copy a home to `target`, which appears whole or not at all; returns size and SHA-256 by file.

    Waits for each file that a night is writing. Raises ValueError when `target` is there already, the home was never used, or
    a file is still being written after `patience_seconds`.
    """
    identity = kept_identity(home)
    if identity is None or not any((home.root / "raw").glob("*.duckdb")):
        raise ValueError(f"{home.root} holds nothing yet: run `pops nightly` first.")
    if target.exists() or target.resolve().is_relative_to(home.root):
        raise ValueError(f"{target} is there already, or within the home: name a folder that is not.")
    unfinished = target.with_name(f"{target.name}.next")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True, mode=0o700)
    try:
        files = {}
        for file in _files(home.root):
            name = file.relative_to(home.root).as_posix()
            copy = unfinished / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            if not _copied(file, copy, patience_seconds, say):
                continue
            for each in (copy, log_of(copy)):
                if each.exists():
                    files[each.relative_to(unfinished).as_posix()] = _facts(each)
        manifest = {
            "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "identity": asdict(identity),
            "files": files,
        }
        write_text(unfinished / MANIFEST, json.dumps(manifest, indent=1) + "\n")
        unfinished.rename(target)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    return files


def restore(
    home: Home, backup: Path, forgotten: Path | None, say: Callable[[str], None], env: Mapping[str, str]
) -> None:
    """Fill an empty home from a backup.

    `forgotten`: the book of the home that was lost, for those who were forgotten since. A backup of the key before, in
    `POPS_PSEUDONYM_KEY_BEFORE`, becomes a home of the present one. Raises ValueError for a home that is not empty or of another
    identity, for a backup that is not whole, and for a book of another home.
    """
    if home.root.exists() and any(home.root.iterdir()):
        raise ValueError(f"{home.root} is not empty: a backup is restored into a new POPS_HOME.")
    manifest = _read_manifest(backup)
    made, present = Identity(**manifest["identity"]), Identity.present(env)
    before = {**env, PSEUDONYM_KEY: env.get(KEY_BEFORE, "")}
    is_rotated = made != present and bool(before[PSEUDONYM_KEY]) and made == Identity.present(before)
    if made != present and not is_rotated:
        raise ValueError(
            f"{backup} is of the home of {made.organisation} ({made.reporting_time_zone}), and not with these settings: set "
            "its POPS_PSEUDONYM_KEY and POPS_REGISTRY_DIR, restore, and change them afterwards; or, where the key was rotated "
            f"since, its key in {KEY_BEFORE}."
        )
    for name, facts in manifest["files"].items():
        if not (backup / name).is_file() or _facts(backup / name) != facts:
            raise ValueError(f"{backup / name} is not as it was backed up: take another backup.")
    keys = (env, before) if is_rotated else (env,)
    older = _book(backup / FORGOTTEN, keys) if (backup / FORGOTTEN).exists() else None
    kept = _book(forgotten, keys) if forgotten is not None else older
    is_newer = kept is not None and _is_newer(kept, older, forgotten)
    try:
        for name in manifest["files"]:
            if is_newer and name.split("/")[0] in _NOT_WITHOUT_NAMES:
                continue
            place = home.root / name
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(backup / name, place)
        if (book := kept if is_newer else older) is not None:
            book.write(home.root, env)
        if is_newer and book is not None:
            _forget_again(home, book)
            say(
                "who was forgotten since is forgotten here too: the next night publishes and writes the reports"
            )
        if is_rotated:
            give_key(home, present)
    except BaseException:
        for each in home.root.iterdir():
            shutil.rmtree(each) if each.is_dir() else each.unlink()
        raise


def _forget_again(home: Home, book: Book) -> None:
    for source in held_sources(home.root):
        forget_in_raw(home.root, source, Wanted(book.knows, None, book.before), book)
    if home.warehouse.exists():
        forget_built_tables(home)


def _book(file: Path, keys: Sequence[Mapping[str, str]]) -> Book:
    """Who is forgotten, opened by one of the keys. Raises ValueError as `Book.read` does with the first."""
    for env in keys[1:]:
        with contextlib.suppress(ValueError):
            return Book.read(file, env)
    return Book.read(file, keys[0])


def _is_newer(kept: Book, older: Book | None, file: Path | None) -> bool:
    if older is None:
        return bool(kept.entries)
    if older.key != kept.key:
        raise ValueError(
            f"{file} is the book of another home than the backup's: give the one of the same home."
        )
    return len(kept.entries) > len(older.entries)


def _read_manifest(backup: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((backup / MANIFEST).read_text())
        return found
    except (OSError, ValueError):
        raise ValueError(f"{backup} is no backup of `pops backup`: it has no {MANIFEST}.") from None


def _files(root: Path) -> Iterator[Path]:
    """What is backed up, the warehouse first."""
    warehouse = root / "warehouse.duckdb"
    if warehouse.exists():
        yield warehouse
    for file in sorted(root.rglob("*")):
        parts = file.relative_to(root).parts
        if (
            file.is_file()
            and file != warehouse
            and parts[0] not in _LEFT_OUT
            and not file.name.endswith((*_UNFINISHED, ".wal", "-wal", "-shm", "-journal"))
        ):
            yield file


def _copied(file: Path, copy: Path, patience_seconds: float, say: Callable[[str], None]) -> bool:
    """Whether it was copied; False: it is gone, as a log that a night cleared away."""
    try:
        if file.suffix in (".db", ".sqlite"):
            with closing(sqlite3.connect(file)) as original, closing(sqlite3.connect(copy)) as copied:
                original.backup(copied)
        elif file.suffix == ".duckdb":
            _copy_at_rest(file, copy, patience_seconds, say)
        else:
            shutil.copyfile(file, copy)
    except FileNotFoundError:
        copy.unlink(missing_ok=True)
        return False
    return True


def _copy_at_rest(file: Path, copy: Path, patience_seconds: float, say: Callable[[str], None]) -> None:
    deadline, is_told = time.monotonic() + patience_seconds, False
    while True:
        before = _state(file)
        if before is not None:
            shutil.copyfile(file, copy)
            log_of(copy).unlink(missing_ok=True)
            if log_of(file).exists():
                shutil.copyfile(log_of(file), log_of(copy))
            if _state(file) == before:
                return
        if time.monotonic() > deadline:
            raise ValueError(
                f"{file.name} was written all the time: back up when the night has ended, or wait for longer (--wait)."
            )
        if not is_told:
            say(f"{file.name} is being written: waiting")
            is_told = True
        time.sleep(_PAUSE_SECONDS)


def _state(file: Path) -> tuple[object, ...] | None:
    """By which a database and its log are known to be the same; None while somebody writes them."""
    if is_held_for_writing(file):
        return None
    return file_state(file), file_state(log_of(file)) if log_of(file).exists() else None


def _facts(file: Path) -> dict[str, str | int]:
    with file.open("rb") as opened:
        return {"bytes": file.stat().st_size, "sha256": hashlib.file_digest(opened, "sha256").hexdigest()}
