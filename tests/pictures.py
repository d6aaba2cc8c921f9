"""`make pictures`: the README's pictures, of the demo that `make demo` has left under `data`."""

from pathlib import Path

from playwright.sync_api import Page

from tests.browser_fixture import opened_browser, served_ui

ROOT = Path(__file__).resolve().parent.parent
_HOME, _DOCS = ROOT / "data", ROOT / "docs"
_SHOWN = "marts/core/dim_account"


def main() -> None:
    weeks = sorted(_HOME.glob("reports/*/index.html"))
    if not weeks:
        raise SystemExit(f"There is no report in {_HOME / 'reports'}: run `make demo` first.")
    with opened_browser() as browser, served_ui(_HOME) as ui:
        page = browser.new_page(viewport={"width": 1280, "height": 1500})
        page.goto(weeks[-1].as_uri())
        page.screenshot(path=_DOCS / "report.png")
        _lineage(page, ui)
        page.screenshot(path=_DOCS / "lineage.png")


def _lineage(page: Page, ui: str) -> None:
    """Of one fact, from the vendors on: the whole graph is too large to be read."""
    page.set_viewport_size({"width": 1800, "height": 1000})
    page.goto(f"{ui}/assets/{_SHOWN}?view=lineage&lineageScope=upstream&lineageDepth=10")
    # The graph is there when the vendors are drawn.
    page.get_by_text("registry", exact=False).first.wait_for(timeout=120_000)
    page.wait_for_timeout(3_000)


if __name__ == "__main__":
    main()
