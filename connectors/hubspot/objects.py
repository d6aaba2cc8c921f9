"""HubSpot's companies, contacts and deals: pages of the lists and of the search, with every property they have."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from connectors.errors import MalformedResponse, StuckCursor
from connectors.http import Http
from connectors.parts import Parts
from connectors.rows import listed_ids

Json = dict[str, Any]

MODIFIED = {
    "companies": "hs_lastmodifieddate",
    "contacts": "lastmodifieddate",
    "deals": "hs_lastmodifieddate",
}
ROWS_A_LIST_PAGE = 100
ROWS_A_SEARCH_PAGE = 200
# Longer query strings are cut off or refused.
PROPERTY_CHARACTERS = 12_000


class Objects:
    """Reads objects of one account. The names of properties are asked for once a run."""

    def __init__(self, http: Http) -> None:
        self._http = http
        self._names: dict[str, list[str]] = {}

    def page(self, kind: str, archived: bool, after: str | None) -> tuple[list[Json], str | None]:
        """One page of the live or of the archived objects, by id, and the place of the next one.

        The properties are asked for in as many requests as their names need.
        """
        rows: dict[str, Json] = {}
        next_after: str | None = None
        for number, names in enumerate(self._chunks(kind)):
            params: Json = {"limit": ROWS_A_LIST_PAGE, "archived": str(archived).lower(), "properties": names}
            if after is not None:
                params["after"] = after
            body = self._http.get(f"/crm/objects/2026-09/{kind}", params)
            page = {str(row.get("id", f"row {place}")): row for place, row in enumerate(body["results"])}
            if number == 0:
                rows, next_after = page, (following(body) or {}).get("after")
                continue
            # A row that left the page between two requests is archived now: the archived list brings it whole.
            rows = {each: row for each, row in rows.items() if each in page}
            for each, row in rows.items():
                row["properties"].update(page[each]["properties"])
        if next_after is not None and next_after == after:
            raise StuckCursor(place=f"GET /crm/objects/2026-09/{kind}")
        return list(rows.values()), next_after

    def modified(self, kind: str, start: datetime, end: datetime) -> Iterator[tuple[list[Json], int]]:
        """Pages of the objects modified in [start, end), with the count that HubSpot gives for all of them.

        A search ends after 10,000 results: each page asks for the ids above the last one, not for an offset.
        """
        expected: int | None = None
        last = 0
        while True:
            query = {
                "filterGroups": [
                    {
                        "filters": [
                            _filter(MODIFIED[kind], "GTE", int(start.timestamp() * 1000)),
                            _filter(MODIFIED[kind], "LT", int(end.timestamp() * 1000)),
                            _filter("hs_object_id", "GT", last),
                        ]
                    }
                ],
                "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
                "properties": self.properties(kind),
                "limit": ROWS_A_SEARCH_PAGE,
            }
            body = self._http.post(f"/crm/objects/2026-09/{kind}/search", query)
            rows, total = body["results"], body["total"]
            expected = total if expected is None else expected
            yield rows, expected
            if total <= len(rows):
                return
            reached = max((int(row["id"]) for row in rows if "id" in row), default=last)
            if reached <= last:
                raise StuckCursor(place=f"POST /crm/objects/2026-09/{kind}/search")
            last = reached

    def ids(self, kind: str) -> Iterator[str]:
        """The ids of all live objects."""
        params = {"limit": ROWS_A_LIST_PAGE, "archived": "false", "properties": "hs_object_id"}
        for body in self._http.paginate(f"/crm/objects/2026-09/{kind}", params, following):
            yield from listed_ids(body["results"])

    def by_id(self, kind: str, ids: list[str], parts: Parts) -> list[Json]:
        """Those of up to 100 live objects that are there; one that HubSpot refuses is booked in `parts`, by its id."""
        path = f"/crm/objects/2026-09/{kind}/batch/read"
        query = {"inputs": [{"id": each} for each in ids], "properties": self.properties(kind)}
        body = self._http.post(path, query)
        leave_out_unanswered(body, path, parts)
        rows: list[Json] = body["results"]
        return rows

    def properties(self, kind: str) -> list[str]:
        """The names of all properties of a kind of object, in their order."""
        if kind not in self._names:
            found = self._http.get(f"/crm/properties/2026-09/{kind}")["results"]
            self._names[kind] = sorted(each["name"] for each in found)
        return self._names[kind]

    def _chunks(self, kind: str) -> Iterator[str]:
        chunk: list[str] = []
        length = 0
        for name in self.properties(kind):
            # A comma takes three characters once it is encoded.
            length += len(name) + 3
            if length > PROPERTY_CHARACTERS and chunk:
                yield ",".join(chunk)
                chunk, length = [], len(name) + 3
            chunk.append(name)
        yield ",".join(chunk)


def following(body: Json) -> Json | None:
    """The parameter that asks for the next page; None on the last one."""
    after = body.get("paging", {}).get("next", {}).get("after")
    return None if after is None else {"after": after}


def leave_out_unanswered(body: Json, path: str, parts: Parts, kind: str = "") -> None:
    """Book as refused the objects that a batch answers with another error than that they are not there.

    By `kind` and id, or by the id alone. Raises MalformedResponse when an error does not say of which objects it is.
    """
    errors = body.get("errors", [])
    refused = [each for each in errors if each.get("category") != "OBJECT_NOT_FOUND"]
    for each in refused:
        problem = MalformedResponse(
            "An object that was asked for was not answered.",
            place=f"POST {path}",
            vendor_message=str(each.get("message", "")),
            remedy="Nothing was taken for removed: the next run asks again.",
        )
        context = each.get("context") or {}
        ids = context.get("ids") or context.get("fromObjectId") or ()
        if not ids:
            raise problem
        parts.refused |= {f"{kind} {object_id}".strip(): problem for object_id in ids}
    parts.is_any_read = parts.is_any_read or bool(body["results"]) or len(errors) > len(refused)


def _filter(name: str, operator: str, value: int) -> Json:
    return {"propertyName": name, "operator": operator, "value": str(value)}
