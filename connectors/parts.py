"""Parts of a stream that are asked for one by one (repositories, boards, forms): one that the vendor refuses costs itself.

It keeps the position that it had, so that the next night asks for it again from there.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from connectors.errors import BadRequest, Gone, NotFound, ScopeMissing, SourceError

# What a vendor says of one thing: it is gone, forbidden, without a history yet, or withheld by law.
REFUSALS = (BadRequest, Gone, NotFound, ScopeMissing)


@dataclass
class Parts:
    """What this run found of a stream's parts, by name; one that was refused once is not asked for again by the run.

    `is_any_read`: the vendor gave something of the stream, or a list of its parts is proof enough that it would.
    """

    refused: dict[str, SourceError] = field(default_factory=dict)
    is_any_read: bool = False

    @contextmanager
    def reading(self, part: str) -> Iterator[None]:
        """Read a part within this; a refusal ends it here and is kept."""
        try:
            yield
        except REFUSALS as problem:
            self.refused[part] = problem
        else:
            self.is_any_read = True

    def left_out(self) -> dict[str, SourceError]:
        """Name -> refusal of the parts that were left out.

        Raises the first when no part was read: it is the stream's own, unless the only part there was is gone.
        """
        first = next(iter(self.refused.values()), None)
        is_gone = len(self.refused) == 1 and isinstance(first, Gone | NotFound)
        if first is not None and not self.is_any_read and not is_gone:
            raise first
        return self.refused
