"""What a connector is: streams, windows, pages of raw records. The runner does everything else.

The runner asks `next_window()` for what follows the committed cursor, fetches its pages, loads them in one load, commits
the cursor that they reached, and asks again with that one. A connector keeps no position of its own: a run that goes on and
one that takes over after a kill are the same.
"""

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

import pyarrow as pa

from connectors.parts import Parts

if TYPE_CHECKING:
    from connectors.http import Http
    from connectors.settings import SourceSettings

# Opaque to the runner; stored as JSON text, so it holds only what JSON can.
Cursor = dict[str, Any]

# What kind of tool a source is. Tools of one family are read into the same conformed entities.
Family = Literal[
    "product_analytics",
    "crm",
    "support",
    "delivery",
    "roadmap",
    "surveys",
    "experiments",
    "files",
    "registry",
]

PAGE_SCHEMA = pa.schema(
    [
        pa.field("record_id", pa.string(), nullable=False),
        pa.field("record_version", pa.string(), nullable=False),
        pa.field("is_deleted", pa.bool_(), nullable=False),
        pa.field("record", pa.string(), nullable=False),
    ]
)
NO_TIME = timedelta(0)
SEEN = "run in which it was seen to change"


class Words(NamedTuple):
    """The same said to a reader in English and in French."""

    en: str
    fr: str


@dataclass(frozen=True)
class Stream:
    """One kind of record of a source, and how it is read. By default: whole, and told of no deletion.

    `holds`: what its records are, for people who do not know the tool; a clause without its full stop.
    `key_source`: a sentence on where the vendor says that `key` is the whole of its key.
    `key_version`: raised when other records get an id of their own than before; `older_key`: SQL that gives the
    `record_id` of now from the `record` of a row that was stored under an older one; other tables are in `{schema}`.
    `key`, `version`, `cursor`: in words, what makes `record_id`, `record_version` and the position ("": the moment of
    the last reading, which is whole).
    `lag`: nothing nearer to now than this is asked for. `look_back`: this much is read again each time.
    `deletes`: how a deletion shows: a `flag` in the record, an `archived_pass` over the vendor's archive, the record
    `vanish`es from a complete reading (the connector emits the deleted version), or `none`: not at all.
    `is_swept`: the vendor lists the ids that it has, cheaply: what went without a word is found by them (`Connector.ids`).
    `part_of`: the stream, read before, whose deleted records take records of this one along: it is then swept at once.
    `personal_data`: dotted paths into the record; in all paths `[]` is each of a list and `*` each of an object.
    `subject`: its records are people or accounts themselves. `identifies`: paths to what says, in every tool, whose record it
    is (addresses, the product's own ids); in events the first that has a value decides. `belongs_to`: (path to an id, the
    stream that it is of, or `=path` to its name): the record goes with that one. `refers`: likewise, but the record only
    mentions it. `happened`: path to the moment of an event, ISO or seconds since 1970. `optional`: a plan may lack it, and a 403 is then no failure.
    `is_event`: the records are events that never change; they are read from the start of the history, not whole.
    """

    name: str
    holds: Words
    personal_data: tuple[str, ...]
    key: str = "id"
    key_source: str = ""
    key_version: int = 1
    older_key: str = ""
    version: str = SEEN
    cursor: str = ""
    lag: timedelta = NO_TIME
    look_back: timedelta = NO_TIME
    deletes: Literal["flag", "archived_pass", "vanish", "none"] = "none"
    optional: bool = False
    is_event: bool = False
    is_swept: bool = False
    part_of: str = ""
    subject: Literal["", "person", "account"] = ""
    identifies: tuple[str, ...] = ()
    belongs_to: tuple[tuple[str, str], ...] = ()
    refers: tuple[tuple[str, str], ...] = ()
    happened: str = ""

    @property
    def is_whole(self) -> bool:
        """Is it read in one window, from its beginning?"""
        return not self.cursor


class RawRecord(NamedTuple):
    """`record`: the vendor's JSON as sent. `record_version`: its own timestamp or cursor.

    An empty `record_version` says that the record carries no version of its own and that the page holds the state of
    now: the record then gets the run's moment as version, and going back to an earlier content is a new version too.
    """

    record_id: str
    record_version: str
    record: str
    is_deleted: bool = False


@dataclass(frozen=True)
class Page:
    """Records as a list, or as an Arrow table of `PAGE_SCHEMA`.

    `cursor`: the position after this page; the last one given is committed with the window, in place of the window's.
    `vendor_count`: how many records the vendor says the window holds. `quarantined`: (reason, raw text) of what cannot
    be a record. `mended`: in how many records half a character was replaced already; lists need not tell.
    """

    records: list[RawRecord] | pa.Table
    cursor: Cursor | None = None
    vendor_count: int | None = None
    quarantined: list[tuple[str, str]] = field(default_factory=list)
    mended: int = 0


@dataclass(frozen=True)
class Window:
    """A closed part of a stream, loaded in one load: [start, end) in UTC, or None where the vendor knows no times.

    `cursor_after`: committed when the window is loaded, unless a page brought a cursor.
    `position`: opaque start of the window, for vendors whose windows go on from a token.
    """

    start: datetime | None
    end: datetime | None
    cursor_after: Cursor
    position: Cursor | None = None


@dataclass(frozen=True)
class Credentials:
    """What the vendor says to the credentials; `remedy` says what is wrong and what to do when it is not `ok`."""

    state: Literal["ok", "rejected", "scope_missing", "unreachable"]
    remedy: str = ""


# Latest version of every record of a stream that raw holds and that is not deleted.
Known = Callable[[str], Iterable[RawRecord]]


def nothing_known(stream: str) -> Iterable[RawRecord]:
    """What a connector knows before the runner gives it access to raw."""
    return ()


class Connector(ABC):
    """A vendor. Methods raise `connectors.errors.SourceError`; the runner adds source and stream to the message.

    `name`: its folder below `connectors`. `title`: as the vendor writes it. `console`: where a person signs in to look a
    record up; None for what is no tool. `unread`: a sentence for readers on what follows when a reading fails.
    `access`: in one sentence, the credentials that the source needs and their least scopes; the remedy of a refusal.
    `ids_at_once`: for so many records `by_id` is asked at a time.
    `known` is set by the runner: a connector that must compare with what raw holds reads it. So is `names`, what the
    organisation's sources.yml says of the source, for one that says `reads_names`.
    `parts`: by stream, what was found of those that are asked for one by one.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    console: ClassVar[str | None] = None
    family: ClassVar[Family]
    unread: ClassVar[Words]
    access: ClassVar[str]
    streams: ClassVar[tuple[Stream, ...]]
    ids_at_once: ClassVar[int] = 100
    reads_names: ClassVar[bool] = False
    Settings: ClassVar[type["SourceSettings"]]

    def __init__(self, settings: Any, http: "Http") -> None:
        self._http = http
        self.known: Known = nothing_known
        self.names: Mapping[str, Any] = {}
        self.parts: defaultdict[str, Parts] = defaultdict(Parts)

    @abstractmethod
    def check(self) -> None:
        """Ask the vendor the least that proves the credentials and their scopes.

        Raises SourceError: Rejected, ScopeMissing (with the missing scope as its remedy), or whatever the request met;
        the runner turns it into `Credentials`.
        """

    def next_window(
        self, stream: Stream, cursor: Cursor | None, until: datetime, history_start: datetime
    ) -> Window | None:
        """What is to be read next from `cursor` (None: never read) on the way to `until`; None: nothing is left.

        It follows from the arguments and from what vendor and raw hold, and from no window asked for before. Each window
        moves the cursor. Here: the one window of a stream that is read whole.
        """
        if not stream.is_whole:
            raise NotImplementedError(f"{self.name} plans no window of {stream.name}.")
        read_until = (cursor or {}).get("read_until")
        if read_until is not None and datetime.fromisoformat(read_until) >= until:
            return None
        return Window(None, until, {"read_until": until.isoformat()})

    @abstractmethod
    def fetch(self, stream: Stream, window: Window) -> Iterator[Page]:
        """The pages of a window. Raises WindowTooLarge when the vendor wants it shorter."""

    def ids(self, stream: Stream) -> Iterator[str]:
        """The ids of all records of a swept stream that the vendor has and shows as not deleted, in any order."""
        raise NotImplementedError(f"{self.name} lists no ids of {stream.name}.")

    def by_id(self, stream: Stream, ids: list[str]) -> Iterator[list[RawRecord]]:
        """The content of now of those of at most `ids_at_once` records of a swept stream that the vendor still has.

        One that it refuses to tell of is a part of the stream, by its id: it is left out, and not taken for deleted.
        """
        raise NotImplementedError(f"{self.name} reads no {stream.name} by id.")

    def shortened(self, window: Window) -> Window | None:
        """The beginning of a window that is too large; None when it cannot be shorter."""
        return None
