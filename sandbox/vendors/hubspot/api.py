"""HubSpot CRM API, dated paths (2026-09): objects, search, properties, owners, associations.

Objects are listed by id with archived ones in a pass of their own; search knows no archived objects and no
associations, and ends at 10,000 results. Only the properties that are asked for are returned, as text.
"""

import uuid
from bisect import bisect_right
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response

from sandbox.vendors.api import Call, Endpoint, Json, Page, Vendor
from sandbox.vendors.hubspot.credentials import HUBSPOT_ACCESS_TOKEN
from sandbox.vendors.hubspot.query import matches, sort_key
from sandbox.vendors.limits import Allowance, Limit
from sandbox.vendors.record import Record

VERSION = "2026-09"
LIST_LIMIT, SEARCH_LIMIT, READ_LIMIT, BATCH_LIMIT, SEARCH_CAP = 100, 200, 100, 1000, 10_000
LONGEST_QUERY = 15_000
# Associations of one object in a batch answer before it is paged.
ASSOCIATIONS_PAGE = 500
GENERAL = Limit("TEN_SECONDLY_ROLLING", 190, 10)
SEARCH = Limit("SECONDLY", 5, 1)
SINGULAR = {"companies": "company", "contacts": "contact", "deals": "deal"}
ALWAYS = {
    "companies": ["createdate", "hs_lastmodifieddate", "hs_object_id"],
    "contacts": ["createdate", "hs_object_id", "lastmodifieddate"],
    "deals": ["createdate", "hs_lastmodifieddate", "hs_object_id"],
}
DEFAULT = {
    "companies": ["domain", "name"],
    "contacts": ["email", "firstname", "lastname"],
    "deals": ["amount", "closedate", "dealname", "dealstage", "pipeline"],
}


class Api(Vendor):
    name = "hubspot"

    def endpoints(self) -> list[Endpoint]:
        def at(
            method: str, path: str, stream: str, handler: Callable[[Call], Page | Response], limit: Limit
        ) -> Endpoint:
            area, _, rest = path.partition("/")
            # HubSpot's own client libraries still ask by the older number, which it answers until 2027.
            old = f"/crm/v3/{area}/{rest}" if rest else f"/crm/v3/{area}"
            dated = f"/crm/{area}/{VERSION}/{rest}" if rest else f"/crm/{area}/{VERSION}"
            return Endpoint(
                method,
                dated,
                stream,
                handler,
                limit,
                aliases=(old,) if rest else (old, f"{dated}/", f"{old}/"),
            )

        associations = "associations/{from_type}/{to_type}/batch/read"
        return [
            at("GET", "objects/{object_type}", "{object_type}", self.list_objects, GENERAL),
            at("POST", "objects/{object_type}/batch/read", "{object_type}_by_id", self.by_id, GENERAL),
            at("POST", "objects/{object_type}/search", "{object_type}", self.search, SEARCH),
            at("GET", "properties/{object_type}", "properties", self.properties, GENERAL),
            at("GET", "owners", "owners", self.owners, GENERAL),
            at("POST", associations, "associations", self.associations, GENERAL),
        ]

    def authorise(self, call: Call) -> Response | None:
        if call.headers.get("authorization") == f"Bearer {HUBSPOT_ACCESS_TOKEN}":
            return None
        return self.error(401)

    def error(self, status: int, message: str = "") -> Response:
        body: dict[str, Any] = {"status": "error", "correlationId": str(uuid.uuid4())}
        if status == 429:
            policy = {"daily": "DAILY", "planned": GENERAL.name}.get(message, message)
            text = (
                "You have reached your daily limit."
                if policy == "DAILY"
                else f"You have reached your {policy} limit."
            )
            body.update(message=text, errorType="RATE_LIMIT", policyName=policy)
        elif status == 401:
            text = (
                "The OAuth token used to make this call expired."
                if message == "expired"
                else ("Authentication credentials not found or not valid.")
            )
            body.update(
                message=text,
                category="EXPIRED_AUTHENTICATION" if message == "expired" else "INVALID_AUTHENTICATION",
            )
        elif status == 403:
            body.update(
                message="This app hasn't been granted all required scopes to make this call.",
                category="MISSING_SCOPES",
                errors=[
                    {
                        "message": "One or more of the following scopes are required.",
                        "context": {"requiredGranularScopes": ["crm.objects.owners.read"]},
                    }
                ],
            )
        else:
            category = {400: "VALIDATION_ERROR", 404: "OBJECT_NOT_FOUND"}.get(status, "INTERNAL_ERROR")
            body.update(message=message or "The request could not be answered.", category=category)
        return Json(body, status_code=status)

    def limit_headers(self, allowance: Allowance) -> dict[str, str]:
        # Search answers carry no limit headers.
        if allowance.limit is SEARCH:
            return {}
        return {
            "X-HubSpot-RateLimit-Max": str(allowance.limit.requests),
            "X-HubSpot-RateLimit-Remaining": str(allowance.remaining),
            "X-HubSpot-RateLimit-Interval-Milliseconds": str(int(allowance.limit.seconds * 1000)),
        }

    def reset_headers(self, seconds: float) -> dict[str, str]:
        return {
            "X-HubSpot-RateLimit-Remaining": "0",
            "X-HubSpot-RateLimit-Interval-Milliseconds": str(int(seconds * 1000)),
        }

    def list_objects(self, call: Call) -> Page:
        kind = self._kind(call.params["object_type"])
        if len(str(call.query)) > LONGEST_QUERY:
            raise self.refuse(414, "The request URI is too long.")
        limit = self._limit(call, 10, LIST_LIMIT)
        archived = call.query.get("archived") == "true"
        records = self._ordered(kind, archived)
        after = call.query.get("after")
        place = self._place(after)
        rest = _after(records, place)
        wanted = _names(call.query.getlist("properties"))
        linked = _names(call.query.getlist("associations"))
        results = [self._object(kind, record, wanted) for record in rest[:limit]]
        for result in results:
            if linked:
                result["associations"] = self._associations_of(kind, result["id"], linked)
        return self._page(
            call, results, rest[limit - 1].id if len(rest) > limit else None, after, f"{place}."
        )

    def by_id(self, call: Call) -> Page:
        kind = self._kind(call.params["object_type"])
        inputs = call.body.get("inputs")
        if not isinstance(inputs, list) or not 1 <= len(inputs) <= READ_LIMIT:
            raise self.refuse(400, f"inputs must hold between 1 and {READ_LIMIT} ids.")
        held = {record.id: record for record in self._ordered(kind, False)}
        asked = [str(item["id"]) for item in inputs]
        wanted = _names(call.body.get("properties") or [])
        results = [self._object(kind, held[each], wanted) for each in asked if each in held]
        body: dict[str, Any] = {"status": "COMPLETE", "results": results}
        if missing := [each for each in asked if each not in held]:
            error = {
                "status": "error",
                "category": "OBJECT_NOT_FOUND",
                "message": "Could not get some objects, they may be deleted or not exist.",
                "context": {"ids": missing},
            }
            body.update(numErrors=1, errors=[error])
        return Page(body, "results", status=207 if missing else 200)

    def owners(self, call: Call) -> Page:
        limit = self._limit(call, 100, 500)
        archived = call.query.get("archived") == "true"
        after = call.query.get("after")
        place = self._place(after)
        rest = _after(self._ordered("owners", archived), place)
        results = [{**record.body, "archived": record.archived} for record in rest[:limit]]
        return self._page(
            call, results, rest[limit - 1].id if len(rest) > limit else None, after, f"{place}."
        )

    def search(self, call: Call) -> Page:
        kind = self._kind(call.params["object_type"])
        groups = call.body.get("filterGroups") or []
        if (
            not isinstance(groups, list)
            or len(groups) > 5
            or any(len(group.get("filters", [])) > 6 for group in groups)
        ):
            raise self.refuse(400, "A search takes at most 5 filter groups of 6 filters each.")
        limit = self._limit(call, 10, SEARCH_LIMIT)
        after = call.body.get("after")
        offset = self._place(None if after is None else str(after))
        if offset + limit > SEARCH_CAP:
            raise self.refuse(
                400, "Search results are limited to 10,000: paging beyond them is not possible."
            )
        found = [
            record for record in self._ordered(kind, False) if matches(record.body["properties"], groups)
        ]
        for sort in reversed(call.body.get("sorts") or []):
            by = sort.get("propertyName", "hs_object_id") if isinstance(sort, dict) else str(sort)
            descending = isinstance(sort, dict) and sort.get("direction") == "DESCENDING"
            found.sort(key=lambda record, by=by: sort_key(record.body["properties"], by), reverse=descending)  # type: ignore[misc]
        wanted = _names(call.body.get("properties") or [])
        results = [self._object(kind, record, wanted) for record in found[offset : offset + limit]]
        following = str(offset + limit) if offset + limit < len(found) else None
        page = self._page(call, results, following, None if after is None else str(after), f"{offset}.")
        page.body = {"total": len(found), **page.body}
        return page

    def properties(self, call: Call) -> Page:
        kind = self._kind(call.params["object_type"])
        names = set(ALWAYS[kind]) | set(DEFAULT[kind])
        for record in self.sandbox.rows(self.name, kind):
            names.update(record.body["properties"])
        results = [
            {
                "name": name,
                "label": name.replace("_", " ").capitalize(),
                "type": _type(name),
                "fieldType": {"datetime": "date", "bool": "booleancheckbox"}.get(_type(name), "text"),
                "groupName": f"{SINGULAR[kind]}information",
                "hubspotDefined": name.startswith("hs_") or name in ALWAYS[kind] or name in DEFAULT[kind],
                "archived": False,
            }
            for name in sorted(names)
        ]
        return Page({"results": results}, "results")

    def associations(self, call: Call) -> Page:
        from_type, to_type = self._kind(call.params["from_type"]), self._kind(call.params["to_type"])
        inputs = call.body.get("inputs")
        if not isinstance(inputs, list) or not inputs or len(inputs) > BATCH_LIMIT:
            raise self.refuse(400, f"inputs must hold between 1 and {BATCH_LIMIT} ids.")
        results: list[dict[str, Any]] = []
        errors: list[dict[str, Any]] = []
        for item in inputs:
            object_id, offset = str(item["id"]), self._place(item.get("after"))
            links = self._links(from_type, to_type).get(object_id, [])
            if not links:
                errors.append(_no_associations(from_type, to_type, object_id))
                continue
            part = links[offset : offset + ASSOCIATIONS_PAGE]
            result: dict[str, Any] = {
                "from": {"id": object_id},
                "to": [{"toObjectId": to_id, "associationTypes": types} for to_id, types in part],
            }
            if offset + ASSOCIATIONS_PAGE < len(links):
                result["paging"] = {"next": {"after": str(offset + ASSOCIATIONS_PAGE)}}
            results.append(result)
        moment = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        body: dict[str, Any] = {
            "status": "COMPLETE",
            "results": results,
            "startedAt": moment,
            "completedAt": moment,
        }
        if errors:
            body.update(numErrors=len(errors), errors=errors)
        return Page(body, "results", status=207 if errors else 200)

    def _kind(self, name: str) -> str:
        if name not in SINGULAR:
            raise self.refuse(404, f"Unable to infer object type from: {name}")
        return name

    def _limit(self, call: Call, default: int, most: int) -> int:
        asked = call.number("limit", default, most=10**9)
        if asked > most:
            raise self.refuse(400, f"limit must be at most {most}")
        return asked

    def _place(self, after: str | None) -> int:
        if after is None or after == "":
            return 0
        head = str(after).partition(".")[0]
        if not head.isdigit():
            raise self.refuse(400, "after is not a cursor of this API")
        return int(head)

    def _ordered(self, stream: str, archived: bool) -> list[Record]:
        def build() -> list[Record]:
            records = self.sandbox.rows(self.name, stream)
            return sorted((row for row in records if row.archived == archived), key=_number)

        return self.sandbox.cached(("hubspot", stream, archived), build)

    def _links(self, from_type: str, to_type: str) -> dict[str, list[tuple[str, list[dict[str, Any]]]]]:
        """Links of every object of `from_type`; each link can be read from both its ends."""

        def build() -> dict[str, list[tuple[str, list[dict[str, Any]]]]]:
            links: dict[str, list[tuple[str, list[dict[str, Any]]]]] = {}
            for record in self.sandbox.rows(self.name, "associations"):
                link = record.body
                if record.archived:
                    continue
                types = [_association_type(kind) for kind in link.get("types") or ["primary"]]
                if (link["from_type"], link["to_type"]) == (from_type, to_type):
                    links.setdefault(str(link["from_id"]), []).append((str(link["to_id"]), types))
                elif (link["to_type"], link["from_type"]) == (from_type, to_type):
                    links.setdefault(str(link["to_id"]), []).append((str(link["from_id"]), types))
            return links

        return self.sandbox.cached(("hubspot links", from_type, to_type), build)

    def _associations_of(self, kind: str, object_id: str, linked: Iterable[str]) -> dict[str, Any]:
        return {
            other: {
                "results": [
                    {"id": to_id, "type": f"{SINGULAR[kind]}_to_{SINGULAR[other]}"}
                    for to_id, _ in self._links(kind, other).get(object_id, [])
                ]
            }
            for other in map(self._kind, linked)
        }

    def _object(self, kind: str, record: Record, wanted: list[str]) -> dict[str, Any]:
        held = record.body["properties"]
        names = sorted({*ALWAYS[kind], *(wanted or DEFAULT[kind])})
        rest = {key: value for key, value in record.body.items() if key not in ("properties", "archived")}
        properties = {name: held.get(name) for name in names}
        return {**rest, "properties": properties, "archived": record.archived}

    def _page(
        self, call: Call, results: list[dict[str, Any]], following: str | None, this: str | None, same: str
    ) -> Page:
        body: dict[str, Any] = {"results": results}
        if following is not None:
            query = call.query.multi_items() if call.method == "GET" else []
            pairs = "&".join(f"{name}={value}" for name, value in query if name != "after")
            link = f"{call.base_url}{_filled(call)}?{pairs}{'&' if pairs else ''}after={following}"
            body["paging"] = {"next": {"after": following, "link": link}}
        place = ("paging", "next", "after")
        return Page(body, "results", place, ("paging", "next", "link"), this_cursor=this, same_place=same)


def _filled(call: Call) -> str:
    return call.path.format(**call.params)


def _number(record: Record) -> int:
    return int(record.id)


def _after(records: list[Record], place: int) -> list[Record]:
    """The records, ordered by id, whose id is above `place`."""
    return records[bisect_right(records, place, key=_number) :]


def _names(values: Iterable[str]) -> list[str]:
    return [name for value in values for name in value.split(",") if name]


def _type(name: str) -> str:
    if name.endswith("date"):
        return "datetime"
    if name.startswith(("is_", "hs_is_")):
        return "bool"
    return "number" if name in ("amount", "arr_usd", "hs_object_id") else "string"


def _association_type(kind: Any) -> dict[str, Any]:
    if isinstance(kind, dict):
        return kind
    return {"category": "HUBSPOT_DEFINED", "typeId": 1, "label": str(kind)}


def _no_associations(from_type: str, to_type: str, object_id: str) -> dict[str, Any]:
    one, other = SINGULAR[from_type], SINGULAR[to_type]
    return {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
        "message": f"No {other} is associated with {one} {object_id}.",
        "context": {"fromObjectId": [object_id], "fromObjectType": [one], "toObjectType": [other]},
    }
