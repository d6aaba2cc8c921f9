"""Both tools of every family at once, the second tools alone, and any subset: the numbers are those of the company."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from connectors import SOURCES, VENDORS, connector_class
from sandbox.company.company import Company
from sandbox.serving.environment import DEFAULT_VENDORS
from sandbox.serving.running import Sandbox, running_sandbox
from sandbox.truth import truth
from sandbox.truth.connect import connect_truth
from tests import compiled_project
from tests.compiled_project import Compiled, failed_tests, warehouse
from tests.connect_comparison import connect_shown
from tests.nights import NIGHTS, night_moment
from tests.parsed_project import give_parsed
from tests.part_nights import compute, query, read, with_raw_of
from tests.truth_comparison import differences

NIGHT = NIGHTS[0]
FIRST_TOOLS = ("amplitude", "hubspot", "zendesk")
SECOND_TOOLS = ("mixpanel", "posthog", "salesforce", "intercom")
# Intercom says whether an SLA was kept, and not when it was due.
NOT_TOLD_BY_SECOND_TOOLS = {"sla_attainment_rate"}
ALL_SOURCES = tuple(SOURCES)
FAMILIES = {
    "product_analytics": ("amplitude", "mixpanel", "posthog"),
    "crm": ("hubspot", "salesforce"),
    "support": ("zendesk", "intercom"),
    "delivery": ("jira", "pagerduty", "github"),
    "roadmap": ("productboard",),
    "surveys": ("typeform",),
    "experiments": ("launchdarkly", "growthbook"),
    "files": ("files",),
}
# What a tool does of other families' work.
ALSO = {"posthog": {"experiments", "surveys"}}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with running_sandbox(scale="small", now=night_moment(NIGHT)) as server:
        yield server


@pytest.fixture(scope="module")
def all_read(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that has read every source, each analytics tool having missed events that the other saw."""
    home = tmp_path_factory.mktemp("all")
    sandbox.defects("amplitude_misses_events", "mixpanel_misses_events")
    read(home, sandbox.environment(*DEFAULT_VENDORS, *SECOND_TOOLS, "files"), NIGHT)
    sandbox.defects()
    return home


def test_both_tools_of_each_family_give_the_same_numbers(all_read: Path) -> None:
    build_sql(all_read, NIGHT)
    assert (
        differences(compute(all_read, NIGHT), truth(Company.create("small"), NIGHT, night_moment(NIGHT)))
        == []
    )
    assert connect_shown(all_read) == connect_truth(Company.create("small"), NIGHT)


def test_the_second_tools_alone_give_the_same_numbers_after_another_night(
    sandbox: Sandbox, tmp_path: Path, all_read: Path
) -> None:
    home = with_raw_of(all_read, tmp_path, [name for name in ALL_SOURCES if name not in FIRST_TOOLS])
    (home / "raw" / "mixpanel.duckdb").unlink()
    read(home, sandbox.environment("mixpanel"), NIGHT, ["mixpanel"])
    for night in NIGHTS[1:]:
        sandbox.set_clock(night_moment(night))
        read(
            home,
            sandbox.environment(*DEFAULT_VENDORS, *SECOND_TOOLS, "files"),
            night,
            set(ALL_SOURCES) - {*FIRST_TOOLS},
        )
    build_sql(home, NIGHTS[-1])
    told = truth(Company.create("small"), NIGHTS[-1], night_moment(NIGHTS[-1]))
    known = [row for row in told if row["metric"] not in NOT_TOLD_BY_SECOND_TOOLS]
    assert len(known) < len(told)
    assert differences(compute(home, NIGHTS[-1]), known) == []


def test_families_are_those_of_the_connectors() -> None:
    assert {name: connector_class(name).family for names in FAMILIES.values() for name in names} == {
        name: family for family, names in FAMILIES.items() for name in names
    }
    assert set(FAMILIES) == {connector_class(name).family for name in VENDORS}


def build_sql(home: Path, as_of: date) -> None:
    """Build every model and hold it against every test, without dbt."""
    project = Compiled.of(as_of)
    with warehouse(home) as connection:
        assert compiled_project.build(connection, project.models) == {}
        assert failed_tests(connection, project.blocking) == {}
    give_parsed(home)


# The families that feed nothing but marts of their own share a build.
@pytest.mark.parametrize(
    "alone",
    [
        ["product_analytics"],
        ["crm"],
        ["support"],
        ["delivery"],
        ["roadmap", "surveys", "experiments", "files"],
    ],
)
def test_the_last_tool_of_a_family_alone_builds(alone: list[str], all_read: Path, tmp_path: Path) -> None:
    tools = [FAMILIES[family][-1] for family in alone]
    home = with_raw_of(all_read, tmp_path, ["registry", *tools])
    build_sql(home, NIGHT)
    compute(home, NIGHT)
    assert _families_with_a_source(home) == {*alone}.union(*(ALSO.get(tool, set()) for tool in tools))


@pytest.mark.parametrize("missing", [["product_analytics", "delivery"], ["crm", "support"]])
def test_without_a_family_everything_else_builds(missing: list[str], all_read: Path, tmp_path: Path) -> None:
    off = [name for family in missing for name in FAMILIES[family]]
    kept = [
        name
        for name in (
            *FIRST_TOOLS,
            "jira",
            "github",
            "productboard",
            "typeform",
            "launchdarkly",
            "growthbook",
            "files",
        )
        if name not in off
    ]
    home = with_raw_of(all_read, tmp_path, ["registry", *kept])
    build_sql(home, NIGHT)
    values = compute(home, NIGHT)
    assert values
    assert _families_with_a_source(home) == set(FAMILIES) - {*missing}


def _families_with_a_source(home: Path) -> set[str]:
    rows = query(
        home,
        "select source from marts.mart_metric_coverage where check_name = 'family_has_a_source' and counted > 0",
    )
    return {family for (family,) in rows}
