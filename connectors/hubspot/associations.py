"""HubSpot's associations with companies. Nothing tells that one went, so all of them are asked for each night."""

import json
from collections.abc import Iterator
from typing import Any

from connectors.contract import Known, Page, RawRecord
from connectors.errors import StuckCursor
from connectors.http import Http
from connectors.hubspot.objects import leave_out_unanswered
from connectors.parts import Parts
from connectors.whole import whole

Json = dict[str, Any]

FROM_TYPES = ("contacts", "deals")
IDS_A_BATCH = 1000


def associations(http: Http, known: Known, parts: Parts) -> Iterator[Page]:
    """Every association of the contacts and deals that raw holds, then those that raw holds and HubSpot no longer has.

    What it refuses to tell of a contact or a deal stays as raw holds it.
    """

    def is_of_refused(record: RawRecord) -> bool:
        kind, from_id, *_ = record.record_id.split(":")
        return not {_all_of(kind), f"{kind} {from_id}"}.isdisjoint(parts.refused)

    return whole(_read(http, known, parts), known("associations"), parts, is_of_refused)


def _all_of(kind: str) -> str:
    return f"{kind} with companies"


def _read(http: Http, known: Known, parts: Parts) -> Iterator[list[RawRecord]]:
    for kind in FROM_TYPES:
        ids = [each.record_id for each in known(kind)]
        with parts.reading(_all_of(kind)):
            for first in range(0, len(ids), IDS_A_BATCH):
                found = _of_objects(http, kind, ids[first : first + IDS_A_BATCH], parts)
                yield [
                    RawRecord(key, "", json.dumps(link, ensure_ascii=False)) for key, link in found.items()
                ]
            refused = [parts.refused.get(f"{kind} {each}") for each in ids]
            if ids and (problem := refused[0]) and all(refused):
                raise problem


def _of_objects(http: Http, kind: str, ids: list[str], parts: Parts) -> dict[str, Json]:
    """The associations of up to 1,000 objects, by record id."""
    path = f"/crm/associations/2026-09/{kind}/companies/batch/read"
    found: dict[str, Json] = {}
    inputs = [{"id": each} for each in ids]
    asked: list[dict[str, str]] = []
    while inputs:
        if any(each in asked for each in inputs):
            raise StuckCursor(place=f"POST {path}")
        asked += [each for each in inputs if "after" in each]
        body = http.post(path, {"inputs": inputs})
        # An object without associations is reported as an error, too.
        leave_out_unanswered(body, path, parts, kind)
        inputs = []
        for result in body["results"]:
            from_id = str(result["from"]["id"])
            for to in result["to"]:
                to_id = str(to["toObjectId"])
                found[f"{kind}:{from_id}:companies:{to_id}"] = {
                    "from_type": kind,
                    "from_id": from_id,
                    "to_type": "companies",
                    "to_id": to_id,
                    "types": to["associationTypes"],
                }
            if following := result.get("paging", {}).get("next", {}).get("after"):
                inputs.append({"id": from_id, "after": following})
    return found
