"""Sweeps: what vanished at a vendor that tells of no deletion, found by comparing its ids with those that raw holds.

What raw holds and the list of ids does not show is asked for by its id before it is taken for deleted: a list may lag,
overlap or be cut, and a record that moved to its front while it was read is on no page of it.
"""

from collections.abc import Iterator
from datetime import timedelta
from itertools import islice

from connectors.contract import Connector, Page, RawRecord, Stream
from connectors.raw_store import RawStore, SweepCounts
from connectors.whole import as_deleted, refuse_too_few

# A week, less what one night begins earlier than another.
SWEPT_EVERY = timedelta(days=6)
ROWS_A_PAGE = 1000


def swept(connector: Connector, stream: Stream, store: RawStore, counts: SweepCounts) -> Iterator[Page]:
    """What a sweep changes: what returned, as it is now, and what is gone, as deleted. It fills `counts`.

    Raises MalformedResponse when less than half of ten or more held records are listed: that is a vendor's fault or a
    permission that was lost, and no deletion.
    """
    states = dict(store.states(stream.name))
    alive = {key for key, is_deleted in states.items() if not is_deleted}
    listed = set(connector.ids(stream))
    missing, returned = alive - listed, (states.keys() - alive) & listed
    counts.held, counts.listed = len(alive), len(listed)
    refuse_too_few(len(alive) - len(missing), len(alive))
    for _, page in _by_id(connector, stream, returned):
        # A record's own version may be the one that raw held before it was deleted.
        found = [each._replace(record_version="") for each in page if not each.is_deleted]
        counts.returned += len(found)
        yield Page(found)
    for batch, page in _by_id(connector, stream, missing):
        answered = {each.record_id for each in page}
        # A record without its id, or with another one, may be any of those that were asked for.
        missing = missing - (answered if answered <= batch else batch)
        yield Page(page)
    # What the vendor does not answer of is not gone.
    missing -= connector.parts[stream.name].refused.keys()
    if missing:
        gone = (as_deleted(each) for each in store.known(stream.name) if each.record_id in missing)
        while records := list(islice(gone, ROWS_A_PAGE)):
            counts.gone += len(records)
            yield Page(records)


def _by_id(connector: Connector, stream: Stream, ids: set[str]) -> Iterator[tuple[set[str], list[RawRecord]]]:
    """Each answer, with the ids that were asked for in it."""
    waiting = iter(sorted(ids))
    while batch := list(islice(waiting, connector.ids_at_once)):
        for page in connector.by_id(stream, batch):
            yield set(batch), page
