"""What of Typeform can be replayed: forms as their definition, and responses with the id of their form."""

from collections.abc import Iterable

from sandbox.vendors.streams import LONG_AGO, Body, Stream


def form(body: Body) -> Iterable[tuple[str | None, Body]]:
    """A form's definition has no times; the list of forms, which has them, is ordered by them."""
    yield None, {"last_updated_at": LONG_AGO.isoformat(), **body}


STREAMS = {
    "forms": Stream(changed=("last_updated_at",), turn=form),
    "responses": Stream(
        key=("form_id", "token"),
        changed=("submitted_at",),
        needs=("submitted_at",),
        hint="write the form's id, which the API leaves out, into each completed response",
    ),
}
