"""What the organisation says of findings: valid only about what there is, and read by the report as it stands."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from connectors.errors import InvalidRegistry
from connectors.registry.files import load_registry
from connectors.registry.source import STREAMS
from sandbox.serving.environment import REGISTRY

GOOD = "{id: r1, finding: on_time_rate/team_id=cosmos/apart, text: Half the dates go., owner: 'team:connect', due: 2026-12-01, fr: La moitié.}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    copied = Path(shutil.copytree(REGISTRY, tmp_path / "registry"))
    (copied / "remarks.yml").unlink(missing_ok=True)
    return copied


def test_a_registry_needs_none(folder: Path) -> None:
    assert load_registry(folder).remarks == []
    assert "remarks" not in STREAMS


def test_a_remark_is_about_a_finding_or_a_metric(folder: Path) -> None:
    (folder / "remarks.yml").write_text(
        f"remarks:\n  - {GOOD}\n  - {{id: r2, metric: nps, text: Asked in March., owner: 'team:product-ops'}}\n"
    )
    first, second = load_registry(folder).remarks
    assert (first.due, first.said("fr"), first.said("en")) == (
        date(2026, 12, 1),
        "La moitié.",
        "Half the dates go.",
    )
    assert first.is_about("on_time_rate/team_id=cosmos/apart")
    assert not first.is_about("on_time_rate")
    assert second.is_about("nps")
    assert second.is_about("nps/product_id=studio")
    assert not second.is_about("nps_standard_error")


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("finding: on_time_rate/", "metric: nps, finding: on_time_rate/", "a `finding` or a `metric`, one"),
        ("on_time_rate/team_id=cosmos", "on_tine_rate/team_id=cosmos", "the metric `on_tine_rate`"),
        ("team_id=cosmos", "team_id=cosmo", "the team_id `cosmo`, which the registry does not have"),
        ("/team_id=cosmos/apart", "/colour=red", "finding"),
        ("'team:connect'", "connect", "owner"),
        ("due: 2026-12-01", "due: soon", "due"),
        ("text: Half the dates go., ", "", "`text` is missing"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(folder: Path, old: str, new: str, what: str) -> None:
    assert old in GOOD
    (folder / "remarks.yml").write_text(f"remarks:\n  - {GOOD.replace(old, new)}\n")
    with pytest.raises(InvalidRegistry, match=r"remarks\.yml:2") as told:
        load_registry(folder)
    assert what in str(told.value)
