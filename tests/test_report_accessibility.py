"""Pages for everybody: axe finds nothing serious, in light, dark and narrow, in both languages; nothing overflows."""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from reports.glossary import render_glossary
from reports.health import render_pages
from reports.language import language
from reports.weeks import render_weeks
from tests.browser_fixture import browser
from tests.experiments_fixture import experiments, learnings
from tests.launches_fixture import launches
from tests.reports_fixture import ERRORS, glossary, report, weeks

__all__ = ["browser"]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    for code in ("en", "fr"):
        say = language(code)
        (folder / code).mkdir()
        written = {
            **render_pages(
                report(
                    say=say,
                    launches=launches(),
                    experiments=experiments(),
                    learnings=learnings(),
                    irritants=(ERRORS,),
                )
            ),
            "weeks.html": render_weeks(report(say=say), weeks()),
            "glossary.html": render_glossary(glossary(), say),
        }
        for name, page in written.items():
            (folder / code / name).write_text(page, encoding="utf-8")
    return folder


LOOKS = (
    ("en/index.html", 1280, "light"),
    ("fr/index.html", 1280, "dark"),
    ("en/leadership.html", 1280, "dark"),
    ("fr/support.html", 390, "light"),
    ("en/tech.html", 390, "dark"),
    ("fr/team-atlas.html", 1280, "light"),
    ("fr/launches.html", 390, "dark"),
    ("en/launch-timeline.html", 1280, "light"),
    ("fr/experiments.html", 390, "light"),
    ("en/experiment-breached.html", 390, "dark"),
    ("en/weeks.html", 1280, "light"),
    ("en/months.html", 1280, "light"),
    ("fr/months.html", 1280, "light"),
    ("fr/glossary.html", 390, "dark"),
)


@pytest.mark.parametrize(("file", "width", "scheme"), LOOKS)
def test_axe_finds_nothing_serious_and_nothing_overflows(
    browser: Browser, pages: Path, file: str, width: int, scheme: str
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    page.goto((pages / file).as_uri())
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    found = Axe().run(page).response["violations"]
    serious = [
        (each["id"], [node["html"][:120] for node in each["nodes"][:3]])
        for each in found
        if each["impact"] in ("serious", "critical")
    ]
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    beyond = page.evaluate(
        "(kinds) => [...document.querySelectorAll(kinds)].filter(each => each.scrollWidth > each.clientWidth + 1).map(each => each.textContent.slice(0, 80))",
        # A table with more columns than a phone is wide for is scrolled; a picture never is.
        ".chart, .table" if width > 1000 else ".chart",
    )
    page.close()
    assert serious == []
    assert overflow <= 0
    assert beyond == []


def test_the_leaders_page_prints_on_one_sheet(browser: Browser, pages: Path) -> None:
    for code in ("en", "fr"):
        page = browser.new_page()
        page.goto((pages / code / "leadership.html").as_uri())
        sheet = page.pdf(prefer_css_page_size=True)
        page.close()
        assert sheet.count(b"/Type /Page\n") == 1


def test_every_link_within_the_pages_leads_somewhere(pages: Path) -> None:
    import re

    for file in (pages / "en").glob("*.html"):
        text = file.read_text()
        for target in re.findall(r'href="#([^"]+)"', text):
            assert f'id="{target}"' in text, (file.name, target)
        for name in re.findall(r'href="([a-z-]+\.html)', text):
            assert name == "index.html" or (pages / "en" / name).exists(), (file.name, name)
