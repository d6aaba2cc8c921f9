"""What may happen to a file of a home between two nights, drawn from a seed."""

import os
import random
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

PAGE = 4096


def _emptied(file: Path, dice: random.Random) -> None:
    """A power cut: the name is there, the bytes are not."""
    os.truncate(file, 0)


def _cut_short(file: Path, dice: random.Random) -> None:
    os.truncate(file, dice.randrange(file.stat().st_size + 1))


def _overwritten(file: Path, dice: random.Random) -> None:
    file.write_bytes(dice.randbytes(min(1 << 20, max(PAGE, file.stat().st_size))))


def _spoiled_inside(file: Path, dice: random.Random) -> None:
    """Bad pages anywhere in it, as a failing disk leaves them."""
    size = file.stat().st_size
    with file.open("r+b") as opened:
        for _ in range(1 + size // (1 << 20)):
            opened.seek(dice.randrange(max(1, size)))
            opened.write(dice.randbytes(PAGE))


def _deleted(file: Path, dice: random.Random) -> None:
    file.unlink()


def _a_folder(file: Path, dice: random.Random) -> None:
    file.unlink()
    file.mkdir()


def _closed(file: Path, dice: random.Random) -> None:
    file.chmod(0)


DAMAGES: tuple[Callable[[Path, random.Random], None], ...] = (
    _emptied,
    _cut_short,
    _overwritten,
    _spoiled_inside,
    _deleted,
    _a_folder,
)


def damage(files: Iterable[Path], dice: random.Random) -> str:
    """Damage one of the files; what was done to which. "" when there is none."""
    whole = sorted(file for file in files if file.is_file())
    if not whole:
        return ""
    file, harm = dice.choice(whole), dice.choice(DAMAGES)
    harm(file, dice)
    # A database's log belongs to it: without the file it is of nothing.
    if not file.exists() and dice.random() < 0.5:
        file.with_name(f"{file.name}.wal").unlink(missing_ok=True)
    return f"{file.name} {harm.__name__.strip('_').replace('_', ' ')}"


def healed(home: Path) -> None:
    """Take away what only a person could: folders that stand in the place of a file."""
    for folder in [path for path in home.rglob("*.*") if path.is_dir() and not any(path.iterdir())]:
        shutil.rmtree(folder)


# Of these a home holds what is nowhere else; see `damage` for one of them at a time.
KEPT = ("raw/", "warehouse.duckdb", "published/product_ops.duckdb", "forgotten.json")


def damaged_all(home: Path, dice: random.Random) -> list[str]:
    """Damage every file of a home but `KEPT`, each in another way; what was done to which."""
    told = []
    for file in sorted(path for path in home.rglob("*") if path.is_file()):
        name = str(file.relative_to(home))
        if not name.startswith(KEPT):
            harm = dice.choice(DAMAGES)
            harm(file, dice)
            told.append(f"{name} {harm.__name__.strip('_')}")
    return told
