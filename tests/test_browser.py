"""A reader's eyes: the report and the lineage, opened in Chromium."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser_fixture import browser, served_ui
from tests.parsed_project import give_parsed
from tests.reports_fixture import example_report

__all__ = ["browser"]


@pytest.fixture(scope="module")
def dagster_ui(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("ui")
    give_parsed(home)
    with served_ui(home) as address:
        yield address


def test_the_report_needs_no_network_and_shows_its_sections(browser: Browser, tmp_path: Path) -> None:
    page_file = tmp_path / "index.html"
    page_file.write_text(example_report())
    requests: list[str] = []
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.on("request", lambda request: requests.append(request.url))
    page.goto(page_file.as_uri())
    assert requests == [page_file.as_uri()]
    assert page.get_by_role("heading", level=1).inner_text().startswith("Product Ops health report")
    for section in (
        "The week in one minute",
        "What changed",
        "Adoption and feature usage",
        "Time to market",
        "Support",
        "Launches",
        "Data status",
    ):
        assert page.get_by_role("heading", level=2, name=section, exact=True).is_visible()
    assert page.locator(".card").count() >= 8
    assert page.locator("figure svg").count() >= 5
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0
    assert page.locator("figure svg:not([aria-label]):not(:has([aria-label]))").count() == 0
    page.close()


def test_the_ui_shows_lineage_from_vendor_to_report(browser: Browser, dagster_ui: str) -> None:
    # The list draws only the rows that are in view.
    page = browser.new_page(viewport={"width": 1600, "height": 4000})
    page.goto(f"{dagster_ui}/asset-groups")
    for group in (
        "vendor_zendesk",
        "raw_zendesk",
        "staging_zendesk",
        "marts_core",
        "metrics_product_ops",
        "reports_product_ops",
    ):
        page.get_by_text(group, exact=True).first.wait_for(timeout=60_000)
    page.goto(
        f"{dagster_ui}/assets/reports/product_ops/health_report?view=lineage&lineageScope=upstream&lineageDepth=2"
    )
    for asset in ("health_report", "mart", "metric_values"):
        page.get_by_text(asset, exact=True).first.wait_for(timeout=60_000)
    page.close()
