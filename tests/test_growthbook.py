"""GrowthBook: empty pages before the last one, archived features, servers that lack what newer ones have."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.errors import StuckCursor
from connectors.growthbook import source
from tests.test_parts import Refusing, below, run
from tests.vendor_reading import NIGHT, HandMade, Reader, Served, answered, served

LONG_AGO = NIGHT - timedelta(days=40)
VERY_LONG_AGO = NIGHT - timedelta(days=120)


def put(data: HandMade, stream: str, key: str, **more: Any) -> None:
    at, known_as = more.pop("at", LONG_AGO), more.pop("known_as", key)
    stamp = at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    data.put("growthbook", stream, {"id": key, "dateUpdated": stamp} | more, at, key=known_as)


@pytest.fixture
def vendor() -> Iterator[Served]:
    data = HandMade()
    put(data, "experiments", "e1", status="stopped")
    put(data, "experiments", "e2", status="draft")
    put(data, "experiments", "e3", status="stopped", at=VERY_LONG_AGO)
    for key in ("e1", "e3"):
        put(data, "results", f"s-{key}", experimentId=key, phase="0")
    put(data, "features", "live", archived=False)
    put(data, "features", "old", archived=True)
    with served(data) as running:
        yield running


def test_an_empty_page_is_not_the_last_one_unless_it_says_so() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        offset = int(request.url.params["offset"])
        rows = [] if offset < 200 else [{"id": "e1"}]
        more = {"hasMore": offset < 200, "nextOffset": offset + 100 if offset < 200 else None}
        return httpx.Response(200, json={"experiments": rows, "offset": offset, **more})

    assert answered("growthbook", answer).read("experiments").ids == ["e1"]


def test_a_page_that_says_that_there_is_more_and_not_where_is_told() -> None:
    body = {"experiments": [{"id": "e1"}], "hasMore": True, "nextOffset": None}
    with pytest.raises(StuckCursor, match="cursor does not move"):
        answered("growthbook", lambda request: httpx.Response(200, json=body)).read("experiments")


def test_archived_features_are_read_and_stay(vendor: Served) -> None:
    assert sorted(vendor.reader("growthbook").read("features").ids) == ["live", "old"]


def test_a_server_that_ignores_the_filter_shows_each_feature_once() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        body = {
            "features": [{"id": "live"}, {"id": "old", "archived": True}],
            "hasMore": False,
            "nextOffset": None,
        }
        return httpx.Response(200, json=body)

    reading = answered("growthbook", answer).read("features")
    assert sorted(each.record_id for each in reading.added) == ["live", "old"]


def test_results_are_asked_for_one_by_one_where_there_is_no_list(vendor: Served) -> None:
    listed = vendor.reader("growthbook").read("results")
    assert sorted(listed.ids) == ["e1:0", "e3:0"]
    without = Refusing(404, below("/v1/experiments/results"))
    # The draft has none, and what ended long ago is not asked for again.
    assert Reader("growthbook", vendor.base_url, without).read("results").ids == ["e1:0"]


def test_an_experiment_whose_results_are_refused_costs_itself(vendor: Served) -> None:
    put(vendor.data, "experiments", "e4", status="running")
    put(vendor.data, "results", "s-e4", experimentId="e4", phase="1")
    refused = Refusing(403, lambda request: request.url.path.endswith("/e1/results"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source.GrowthBookConnector, "_results", source.GrowthBookConnector._results_one_by_one)
        reading = Reader("growthbook", vendor.base_url, refused).read("results")
    assert reading.ids == ["e4:1"]
    assert set(reading.left_out) == {"experiment e1"}


@pytest.mark.parametrize("status", [402, 403, 404])
def test_what_a_plan_or_an_older_server_lacks_is_no_failure(
    vendor: Served, tmp_path: Path, status: int
) -> None:
    lacking = Refusing(
        status,
        lambda request: any(part in request.url.path for part in ("/v2/feature-revisions", "/v1/learnings")),
    )
    outcomes = {name: stream.outcome for name, stream in run(vendor, "growthbook", tmp_path, lacking).items()}
    assert {outcomes.pop(name) for name in ("feature_revisions", "learnings")} == {"not_available"}
    assert set(outcomes.values()) == {"ok"}


def test_a_revision_is_known_by_its_feature_and_number(vendor: Served) -> None:
    for number in (1, 2):
        put(
            vendor.data,
            "feature_revisions",
            f"r{number}",
            featureId="live",
            version=number,
            known_as=f"live:{number}",
        )
    records = vendor.reader("growthbook").read("feature_revisions").records
    assert [each.record_id for each in records] == ["live:1", "live:2"]
    assert [json.loads(each.record)["version"] for each in records] == [1, 2]
