"""The report and the Dagster UI lead to one another: a tile and its definition to the metric's asset, and that back."""

import re

import pytest

from orchestration.assets.metrics import MetricAsset
from reports.glossary import render_glossary
from reports.health import render, render_pages
from settings.links import Links, links
from tests.reports_fixture import glossary, pages, report

UI = "https://dagster.acme.example"


def _assets(page: str) -> list[str]:
    return re.findall(rf'href="{UI}/assets/([^"]*)"', page)


def test_each_tile_leads_to_the_asset_of_its_metric() -> None:
    found = report(links=Links(dagster=UI))
    for name, page in render_pages(found).items():
        shown = re.findall(r'data-metric="([^"]*)"', page)
        assert _assets(page) == [
            "/".join(MetricAsset(found.definitions[each], ()).key.path) for each in shown
        ], name
    assert _assets(render(found))


def test_a_definition_leads_to_its_asset_and_is_found_from_there() -> None:
    known = glossary()
    addresses = Links("https://reports.acme.example", UI)
    page = render_glossary(known, report().say, addresses)
    assert _assets(page) == ["/".join(MetricAsset(each.definition, ()).key.path) for each in known.metrics]
    for each in known.metrics:
        address, anchor = addresses.definition(each.definition.metric).split("#")
        assert address == "https://reports.acme.example/glossary.html"
        assert f'id="{anchor}"' in page


def test_without_an_address_nothing_leads_anywhere() -> None:
    shown = [*pages().values(), render_glossary(glossary(), report().say)]
    assert not any("/assets/" in page for page in shown)
    assert Links().definition("on_time_rate") == ""


@pytest.mark.parametrize(
    "value", ["dagster.acme.example", "https://me:secret-word@dagster.acme.example", "ftp://x"]
)
def test_an_address_is_refused_by_the_name_of_its_variable_alone(value: str) -> None:
    with pytest.raises(ValueError, match="POPS_DAGSTER_BASE_URL is no address") as refused:
        links({"POPS_DAGSTER_BASE_URL": value})
    assert "secret-word" not in str(refused.value)
