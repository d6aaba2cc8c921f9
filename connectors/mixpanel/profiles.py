"""The profiles of a project, page by page."""

from collections.abc import Iterator

from connectors.contract import RawRecord
from connectors.errors import InvalidSettings, MalformedResponse, StuckCursor
from connectors.http import Http
from connectors.mixpanel.settings import MixpanelSettings
from connectors.rows import raw_record
from connectors.settings import prefix

ENGAGE = "/api/query/engage"
PLACE = f"POST {ENGAGE}"
# Today and yesterday, whatever the project's time zone.
DAYS_NOT_OVER = 2


def profile_pages(http: Http, settings: MixpanelSettings, source: str) -> Iterator[list[RawRecord]]:
    """All profiles of the project that `source` reads. Raises InvalidSettings when their pages would leave no room in the run for the events."""
    number, session = 0, ""
    while True:
        form = {"page": str(number)} | ({"session_id": session} if session else {})
        project = {"project_id": str(settings.project_id)}
        body = http.post(f"{settings.query_root}{ENGAGE}", None, project, form=form)
        try:
            rows, size, session = body["results"], int(body["page_size"]), str(body["session_id"])
            pages = -(-int(body["total"]) // size)
            records = [raw_record(row, key="$distinct_id") for row in rows]
            is_stuck = int(body["page"]) != number
        except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
            raise MalformedResponse("A page of profiles lacks what the API promises.", place=PLACE) from error
        if is_stuck:
            raise StuckCursor(place=PLACE)
        _leave_room(pages, settings, source)
        yield records
        number += 1
        # Neither a short page nor the count alone says that it is the end.
        if number >= pages and len(records) < size:
            return


def _leave_room(pages: int, settings: MixpanelSettings, source: str) -> None:
    budget = settings.requests_per_run
    needed = pages + settings.look_back.days + DAYS_NOT_OVER
    if budget is not None and needed > budget:
        raise InvalidSettings(
            f"The profiles take {pages} queries, which leaves too few of a run's {budget} for the events.",
            remedy=f"Set {prefix(source)}REQUESTS_PER_RUN to {needed} or more: the vendor counts queries for profiles and "
            "for events apart.",
            place=PLACE,
        )
