"""The report speaks the organisation's words: whatever its stages, segments, teams and products are called, all of it is there."""

import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

from connectors.registry.files import load_registry
from reports.health import render, render_pages
from reports.model import HealthReport, Words
from reports.reading import words_of
from sandbox.serving.environment import REGISTRY
from tests.reports_fixture import report

STAGES = {"idea": "Thought", "build": "Build it", "review": "Look at it"}
SEGMENTS = {"smb": "Small", "mid_market": "Middle", "enterprise": "Large"}
WORDS = Words(stages=STAGES, segments=SEGMENTS, outer_stages=frozenset({"idea"}))
MEMBERS = ("product_id", "feature_id", "team_id", "funnel_id", "step")
NAMES = {
    "studio": "Studio", "board": "Board", "timeline": "Timeline", "audit_log": "Audit log", "gantt_export": "Gantt export",
    "atlas": "Atlas", "cosmos": "Cosmos", "trial": "Trial", "trial_started": "Trial started",
    "data_imported": "Data imported", "validation_passed": "Validation passed",
}  # fmt: skip
# The platform's own stages, of a pull request, are no words of the organisation.
OF_THE_PLATFORM = "pull_request_stage_seconds_median"


def values_of_every_shape() -> pd.DataFrame:
    """The fixture's values, with a row of each metric that sections break down by stage or segment."""
    found = report().values
    parts = [found]
    for metric, dimension, members in (
        ("nps", "segment", SEGMENTS),
        ("tickets_created", "segment", SEGMENTS),
        ("stage_time_seconds_median", "stage", STAGES),
        ("stage_time_seconds_p85", "stage", STAGES),
    ):
        whole = (
            found[found["metric"] == metric]
            if metric == "nps"
            else found[found["metric"] == "tickets_created"]
        )
        whole = whole[whole["feature_id"].isna()]
        for place, member in enumerate(members):
            rows = whole.assign(metric=metric, **{dimension: member}, value=100_000.0 * (place + 1))
            parts.append(rows if dimension == "segment" else rows.assign(team_id="atlas"))
    return pd.concat(parts, ignore_index=True)


def with_ids(given: HealthReport, renamed: dict[str, str]) -> HealthReport:
    """The same report of an organisation that calls its things otherwise; what people read stays."""
    values, features = given.values.copy(), given.features.copy()
    for dimension in (*MEMBERS, "segment"):
        values[dimension] = values[dimension].replace(renamed)
    is_own = values["metric"] != OF_THE_PLATFORM
    values.loc[is_own, "stage"] = values.loc[is_own, "stage"].replace(renamed)
    for column in ("product_id", "feature_id", "team_id"):
        features[column] = features[column].replace(renamed)
    words = Words(
        {renamed.get(each, each): name for each, name in given.words.stages.items()},
        {renamed.get(each, each): name for each, name in given.words.segments.items()},
        frozenset(renamed.get(each, each) for each in given.words.outer_stages),
    )
    names = {renamed.get(each, each): name for each, name in given.names.items()}
    return report(values=values, features=features, words=words, names=names)


def pages_of(given: HealthReport) -> dict[str, str]:
    """What readers see of each page, with its charts; ids stand in links to pages of teams and in keys of findings."""
    pages = render_pages(given)
    return {
        name: re.sub(r'href="team-[^"]+"| data-finding="[^"]+"', "", page) for name, page in pages.items()
    }


@pytest.fixture(scope="module")
def own() -> HealthReport:
    return report(values=values_of_every_shape(), words=WORDS, names=NAMES)


def test_what_things_are_called_inside_changes_nothing_that_is_read(own: HealthReport) -> None:
    # Stages and segments get ids that sort the other way round: their order is the organisation's, not the alphabet's.
    ordered = [*reversed(STAGES), *reversed(SEGMENTS)]
    renamed = {each: f"{place}_{each[::-1]}" for place, each in enumerate(ordered)}
    renamed |= {each: f"x-{each}" for each in NAMES}
    before, after = pages_of(own), pages_of(with_ids(own, renamed))
    assert {name.replace("team-x-", "team-") for name in after} == set(before)
    for name, page in after.items():
        assert page == before[name.replace("team-x-", "team-")], name
    for word in (*STAGES.values(), *SEGMENTS.values()):
        assert word in after["index.html"] + after["support.html"] + after["tech.html"]


def test_members_that_the_registry_does_not_know_follow_those_it_does(own: HealthReport) -> None:
    renamed = {"build": "a_design", "review": "b_check", "mid_market": "a_startup", "enterprise": "b_giant"}
    given = with_ids(own, renamed)
    words = Words(stages={"idea": "Thought"}, segments={"smb": "Small"}, outer_stages=frozenset({"idea"}))
    pages = pages_of(report(values=given.values, features=given.features, names=NAMES, words=words))
    for anchor, page, members in (
        ("delivery", "tech.html", ["Thought", "a design", "b check"]),
        ("support", "support.html", ["Small", "a startup", "b giant"]),
        ("satisfaction", "support.html", ["Small", "a startup", "b giant"]),
        ("audience", "support.html", ["Small", "a startup", "b giant"]),
    ):
        section = re.search(rf'<section id="{anchor}".*?</section>', pages[page], flags=re.S)
        assert section is not None, anchor
        heads = re.findall(r'<th scope="(?:row|col)"[^>]*>([^<]+)', section[0])
        assert [each for each in dict.fromkeys(heads) if each in members] == members, anchor
    before, after = pages_of(own), pages
    for part in ("<figure>", "<table>", "<tr>"):
        assert [page.count(part) for page in after.values()] == [page.count(part) for page in before.values()]


def test_a_stage_that_no_epic_reaches_is_told(own: HealthReport) -> None:
    coverage = pd.DataFrame(
        {
            "subject": ["stages"], "source": ["jira"], "check_name": ["stages_reached_by_epics"], "counted": [5], "total": [6],
            "coverage_rate": [5 / 6], "explanation": ["Stages of the registry that some epic reached; see stages.yml."],
        }
    )  # fmt: skip
    page = render(report(values=own.values, words=WORDS, names=NAMES, coverage=coverage), "tech.html")
    assert (
        "jira: 17% of the stages were reached by no epic; they have no time to market (see their statuses in stages.yml)."
        in page
    )


def test_the_registry_says_names_and_order(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(REGISTRY, tmp_path / "registry"))
    for file in folder.glob("*.yml"):
        text = file.read_text(encoding="utf-8")
        text = re.sub(r"\bid: build, name: Build\b", "id: design, name: Conception", text)
        text = (
            re.sub(r"\bid: build\b", "id: design", text)
            .replace("build]", "design]")
            .replace("build,", "design,")
        )
        text = text.replace("stage: build", "stage: design").replace("id: mid_market", "id: startup")
        file.write_text(text, encoding="utf-8")
    registry = load_registry(folder)
    words = words_of(registry)
    assert list(words.stages) == [
        "idea",
        "discovery",
        "ready",
        "design",
        "review",
        "released",
        "launched",
        "other",
    ]
    assert words.stages["design"] == "Conception"
    assert words_of(registry, "fr").stages["design"] == "Réalisation"
    assert list(words.segments) == ["smb", "startup", "enterprise"]
    assert words_of(registry, "fr").segments["startup"] == "entreprises moyennes"
    assert {"idea", "released", "other"} <= words.outer_stages
    assert "design" not in words.outer_stages
