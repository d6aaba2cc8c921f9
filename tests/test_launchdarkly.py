"""LaunchDarkly: flags put together from environments and states, the audit log by its milliseconds, refused projects."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.contract import RawRecord
from connectors.launchdarkly import source
from sandbox.vendors.launchdarkly import api
from tests.test_parts import Refusing, below, rows, run
from tests.vendor_reading import NIGHT, HandMade, Reader, Served, served

LONG_AGO = NIGHT - timedelta(days=40)
NEXT_NIGHT = NIGHT + timedelta(days=1)
ENVIRONMENTS = ("production", "staging", "test", "stand", "lab")


def ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def put_flag(data: HandMade, project: str, key: str, **more: Any) -> None:
    environments = {name: {"on": name == "lab", "lastModified": ms(LONG_AGO)} for name in ENVIRONMENTS}
    body = {"project_key": project, "key": key, "creationDate": ms(LONG_AGO), "environments": environments}
    data.put("launchdarkly", "flags", body | more, LONG_AGO, key=f"{project}:{key}")


def put_entry(data: HandMade, key: str, at: datetime, action: str = "updateOn") -> None:
    resource = "proj/web:env/production:flag/one"
    body = {
        "_id": key,
        "date": ms(at),
        "kind": "flag",
        "accesses": [{"action": action, "resource": resource}],
        "currentVersion": {"environments": {"production": {"on": True}}},
    }
    data.put("launchdarkly", "audit_log", body, at, key=key)


@pytest.fixture
def vendor() -> Iterator[Served]:
    data = HandMade()
    for key in ("one", "two", "three"):
        put_flag(data, "web", key)
    put_flag(data, "app", "one")
    with served(data) as running:
        yield running


def read(records: list[RawRecord]) -> dict[str, Any]:
    return {each.record_id: json.loads(each.record) for each in records}


def test_a_flag_has_all_its_environments_whatever_the_number_and_its_project(
    vendor: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "ROWS_A_PAGE", 2)
    found = read(vendor.reader("launchdarkly").read("flags").records)
    assert set(found) == {"web:one", "web:two", "web:three", "app:one"}
    for name, flag in found.items():
        assert list(flag["environments"]) == list(ENVIRONMENTS)
        assert flag["environments"]["lab"]["on"]
        assert flag["project_key"] == name.split(":")[0]


def test_archived_and_deprecated_flags_are_read_and_one_that_is_gone_is_deleted(vendor: Served) -> None:
    put_flag(vendor.data, "web", "two", archived=True)
    put_flag(vendor.data, "web", "three", deprecated=True)
    reader = vendor.reader("launchdarkly")
    assert len(read(reader.read("flags").records)) == 4
    vendor.data.drop("launchdarkly", "flags", "web:two")
    vendor.state.now = NEXT_NIGHT
    added = reader.read("flags", NEXT_NIGHT).added
    assert [(each.record_id, each.is_deleted) for each in added] == [("web:two", True)]


def test_a_project_that_is_refused_keeps_its_flags(vendor: Served, tmp_path: Path) -> None:
    run(vendor, "launchdarkly", tmp_path)
    vendor.data.drop("launchdarkly", "flags", "web:two")
    vendor.data.drop("launchdarkly", "flags", "app:one")
    put_flag(vendor.data, "app", "other")
    refusing = Refusing(403, below("/api/v2/flags/app"))
    night = run(vendor, "launchdarkly", tmp_path, refusing, until=NEXT_NIGHT)
    assert set(night["flags"].left_out) == {"project app"}
    assert rows(
        tmp_path, "launchdarkly", "select record_id from raw_launchdarkly.flags where is_deleted"
    ) == [("web:two",)]


def test_entries_that_share_a_millisecond_are_all_read_over_pages(
    vendor: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module, name in ((source, "ENTRIES_A_PAGE"), (api, "AUDIT_PAGE")):
        monkeypatch.setattr(module, name, 4)
    for number in range(20):
        # Three share each millisecond.
        put_entry(vendor.data, f"e{number:02}", LONG_AGO + timedelta(milliseconds=number // 3))
    reading = vendor.reader("launchdarkly").read("audit_log")
    assert set(reading.ids) == {f"e{number:02}" for number in range(20)}


def test_what_a_flag_was_is_asked_for_where_an_entry_tells_who_has_it(vendor: Served) -> None:
    put_entry(vendor.data, "switched", LONG_AGO)
    put_entry(vendor.data, "renamed", LONG_AGO + timedelta(hours=1), "updateName")
    put_entry(vendor.data, "refused", LONG_AGO + timedelta(hours=2))
    refusing = Refusing(403, below("/api/v2/auditlog/refused"))
    reading = Reader("launchdarkly", vendor.base_url, refusing).read("audit_log")
    told = {key: "currentVersion" in entry for key, entry in read(reading.records).items()}
    assert told == {"switched": True, "renamed": False, "refused": False}
    assert set(reading.left_out) == {"entry refused"}


def test_experiments_are_known_by_project_and_environment_and_a_plan_may_lack_them(vendor: Served) -> None:
    for environment in ("production", "test"):
        body = {
            "project_key": "web",
            "environmentKey": environment,
            "key": "try",
            "_creationDate": ms(LONG_AGO),
        }
        vendor.data.put("launchdarkly", "experiments", body, LONG_AGO, key=f"web:{environment}:try")
    reader = vendor.reader("launchdarkly")
    found = read(reader.read("experiments").records)
    assert set(found) == {"web:production:try", "web:test:try"}
    assert {each["project_key"] for each in found.values()} == {"web"}
    assert reader.stream("experiments").optional
