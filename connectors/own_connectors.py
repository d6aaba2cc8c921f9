"""What a connector of the organisation's own must say of itself, as those here are held to by their tests."""

import inspect
from typing import get_args

from connectors.contract import Connector, Family, Stream, Words
from connectors.settings import SourceSettings

_FAMILIES = tuple(each for each in get_args(Family) if each != "registry")


def refuse_wrong(kind: type[Connector], source: str, place: str) -> None:
    """Raises ValueError naming what the class lacks or says wrongly. `place`: its file."""
    if not (inspect.isclass(kind) and issubclass(kind, Connector)):
        raise ValueError(f"{place} is no Connector: name the class.")
    wrong = [*_missing(kind)] or [*_wrong(kind, source)]
    if wrong:
        raise ValueError(f"{place}: {kind.__name__} {', and '.join(wrong)}. Mend it, or take it away.")


def _missing(kind: type[Connector]) -> list[str]:
    named = ("name", "title", "family", "unread", "access", "streams", "Settings")
    missing = [f"`{each}`" for each in named if not hasattr(kind, each)]
    missing += [f"`{each}`" for each in sorted(getattr(kind, "__abstractmethods__", ()))]
    return [f"has no {', '.join(missing)}"] if missing else []


def _wrong(kind: type[Connector], source: str) -> list[str]:
    streams = kind.streams if isinstance(kind.streams, tuple) else ()
    wrong = []
    if kind.name != source:
        wrong.append(f"is named {kind.name!r}, and the source `{source}`")
    if kind.family not in _FAMILIES:
        wrong.append(f"is of the family {kind.family!r}, which is none of {', '.join(_FAMILIES)}")
    if not isinstance(kind.unread, Words):
        wrong.append("says `unread` in no `Words`")
    if not streams or not all(isinstance(each, Stream) and isinstance(each.holds, Words) for each in streams):
        wrong.append("has no tuple `streams` of `Stream`, each with its `Words`")
    if not (inspect.isclass(kind.Settings) and issubclass(kind.Settings, SourceSettings)):
        wrong.append("has `Settings` that are no SourceSettings")
    return wrong
