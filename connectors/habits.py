"""What a vendor does in its own way, as data: the client is the same for all of them."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.errors import SourceError


@dataclass(frozen=True)
class Sign:
    """One kind of answer, and the error that it means whatever its status says.

    `at`: a member of the JSON body by its path, such as `errors[].extensions.code` (`[]`: of any entry of a list).
    `says`: one of these words stands there, in capitals or not; empty: anything but nothing, null and false does.
    `header`: a header that the answer has, and its value ("": any).
    """

    means: type[SourceError]
    status: int
    at: str = ""
    says: tuple[str, ...] = ()
    header: tuple[str, str] | None = None

    def fits(self, status: int, headers: Mapping[str, str], body: Any) -> bool:
        if status != self.status:
            return False
        if self.header is not None:
            name, wanted = self.header
            found = headers.get(name)
            if found is None or (wanted and found.strip() != wanted):
                return False
        return not self.at or any(self._is_said(each) for each in members(body, self.at))

    def _is_said(self, member: Any) -> bool:
        if not self.says:
            return bool(member)
        said = str(member).casefold()
        return any(word.casefold() in said for word in self.says)


@dataclass(frozen=True)
class Habits:
    """A vendor's habits.

    `headers`: sent with every request to it, such as the version of its API; no secrets (those are `auth`).
    `signs`: its answers that mean something else than HTTP says; the first that fits counts.
    `file_hosts`: hosts that serve its files by pre-signed addresses; `.example.com` stands for every host below it.
    They are asked without credentials and without `headers`.
    """

    headers: Mapping[str, str] = field(default_factory=dict)
    signs: tuple[Sign, ...] = ()
    file_hosts: Collection[str] = ()


def meaning(error: type[SourceError], *statuses: int) -> tuple[Sign, ...]:
    """Signs by status alone, for one request: `meaning(WindowTooLarge, 400, 504)`."""
    return tuple(Sign(error, status) for status in statuses)


def members(body: Any, path: str) -> Iterator[Any]:
    """What stands in a parsed body at `path`; nothing where the body has another shape."""
    name, _, rest = path.partition(".")
    is_list = name.endswith("[]")
    name = name.removesuffix("[]")
    if name:
        body = body.get(name) if isinstance(body, dict) else None
    entries = body if is_list and isinstance(body, list) else [] if is_list else [body]
    for entry in entries:
        if rest:
            yield from members(entry, rest)
        else:
            yield entry
