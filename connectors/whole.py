"""Complete readings: what a vendor that tells of no changes and no deletions still shows."""

from collections.abc import Callable, Iterable, Iterator

from connectors.contract import Page, RawRecord
from connectors.errors import MalformedResponse
from connectors.parts import Parts

# A reading that shows fewer than this share of what is held is taken for a fault of the vendor, not for deletions.
LEAST_SHOWN = 0.5
FEW = 10


def whole(
    pages: Iterable[list[RawRecord]],
    held: Iterable[RawRecord],
    parts: Parts | None = None,
    is_of_refused: Callable[[RawRecord], bool] | None = None,
) -> Iterator[Page]:
    """The pages of a complete reading, then, as deleted, what raw holds and the reading did not show.

    `held`: the latest version of every record of the stream that raw holds and that is not deleted. Raises
    MalformedResponse when less than half of ten or more held records are shown: nothing is taken for deleted then, nor
    when a record came without an id, or one of the `parts` of the reading was refused. `is_of_refused`: whether a record is
    of such a part, where that can be told; the others may be taken for deleted then.
    """
    gone = {each.record_id: each for each in held}
    count = len(gone)
    is_torn = False
    for records in pages:
        for each in records:
            gone.pop(each.record_id, None)
            is_torn = is_torn or not each.record_id
        yield Page(records)
    if parts is not None:
        parts.left_out()
    if is_torn or (parts is not None and parts.refused and is_of_refused is None):
        # What came without its id, or did not come, may be any of them.
        return
    if is_of_refused is not None:
        gone = {key: each for key, each in gone.items() if not is_of_refused(each)}
    refuse_too_few(count - len(gone), count)
    yield Page([as_deleted(each) for each in gone.values()])


def refuse_too_few(shown: int, held: int) -> None:
    """Raises MalformedResponse when less than half of ten or more held records are shown."""
    if held >= FEW and shown < held * LEAST_SHOWN:
        raise MalformedResponse(
            f"The vendor shows {shown} of the {held} records that raw holds: too few to be true.",
            remedy="Nothing was taken for deleted. Should they be gone indeed, delete the source's raw file and read it anew.",
        )


def as_deleted(record: RawRecord) -> RawRecord:
    """The deleted version of a record, with the content that was last known and the run's moment as its version."""
    return record._replace(record_version="", is_deleted=True)
