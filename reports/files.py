"""The report's files: pages of a week, the list of all weeks, the glossary. The same mart gives the same files.

`reports/<week>/` holds the pages of the week as they are known now, and `revision-<n>/` those of figures that were
restated since. `reports/index.html` lists weeks and revisions, `reports/glossary.html` explains every word and number.
"""

import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from connectors.storage import set_aside, write_text
from metrics.catalogue import read_definitions, week_starts_on_of
from reports.experiments import PAGE as EXPERIMENT_PAGE
from reports.glossary import render_glossary
from reports.glossary_data import glossary_of
from reports.health import INDEX, render_pages
from reports.language import language
from reports.launches import PAGE as LAUNCH_PAGE
from reports.model import HealthReport
from reports.reading import first_day_in, health_report, last_complete_week, open_mart
from reports.restatements import revisions
from reports.weeks import Revision, Week, render_weeks
from settings.home import Home, text_of
from settings.links import links
from settings.weeks import MONDAY, named_week

LANGUAGE = "POPS_REPORT_LANGUAGE"
_WITHHELD = "withheld.txt"
_WEEK = re.compile(r"\d{4}-W\d{2}")
# Which revision the pages of a week's folder show.
_STATE = "revision.json"


def report_language(env: Mapping[str, str] = os.environ) -> str:
    """The language of reports: `POPS_REPORT_LANGUAGE`, or English. Raises ValueError for one that there is not."""
    code = env.get(LANGUAGE) or "en"
    try:
        return language(code).code
    except ValueError as error:
        raise ValueError(f"{LANGUAGE}: {error}") from None


def write_report(home: Home, week: str | None = None) -> Path:
    """Write the pages of a week from the published mart (default: its last complete week); returns `index.html`.

    Without a week, earlier weeks whose figures were restated are written again too. The list of weeks and the
    glossary follow. Raises ValueError when nothing is published, or the week is not one, is not over, or lies before
    the mart's history, the language is unknown, or POPS_DAGSTER_BASE_URL is no address.
    """
    if week is not None:
        # Before anything is read: what is no week cannot be mended by a night.
        named_week(week, MONDAY)
    newest = last_complete_week(home.published)
    path = _write_week(home, week or newest)
    if week is None:
        for folder in _week_folders(home):
            # After a night as of an earlier date there are pages of weeks that are not over in its mart: they stay.
            if folder.name < newest and _is_outdated(home, folder):
                _write_week(home, folder.name)
    _write_list(home, newest)
    with open_mart(home.published) as mart:
        page = render_glossary(glossary_of(mart), language(report_language()), links(os.environ))
    write_text(home.reports / "glossary.html", page)
    return path


def read_report(home: Home, week: str | None = None, env: Mapping[str, str] = os.environ) -> HealthReport:
    """What the pages of a week say (default: the last complete one). Raises ValueError as `write_report` does."""
    first_day = first_day_in(home.published, week or last_complete_week(home.published))
    found = health_report(home.published, first_day, withheld_reasons(home), report_language(env))
    return replace(found, links=links(env))


def mark_withheld(home: Home, reasons: list[str]) -> None:
    """Say on the newest report that the last night was not published, and why."""
    kept = home.published.with_name(_WITHHELD)
    before = withheld_reasons(home)
    write_text(kept, "\n".join(dict.fromkeys([*before, *reasons])))
    if home.published.exists():
        write_report(home)


def forget_withheld(home: Home) -> None:
    """A night was published: what was withheld before no longer matters."""
    kept = home.published.with_name(_WITHHELD)
    if kept.is_dir():
        set_aside(kept)
    kept.unlink(missing_ok=True)


def withheld_reasons(home: Home) -> tuple[str, ...]:
    """Why nights since the last publication were not published; empty when it is the newest night's."""
    kept = home.published.with_name(_WITHHELD)
    return tuple((text_of(kept) or "").splitlines())


def _write_week(home: Home, week: str) -> Path:
    report = read_report(home, week)
    folder = home.reports / report.week
    pages = render_pages(report)
    folder.mkdir(parents=True, exist_ok=True)
    shown = _shown(folder)
    if 0 < shown < report.revision:
        _keep(folder, shown)
    for name, page in pages.items():
        write_text(folder / name, page)
    for gone in {path.name for path in folder.glob("*.html")} - pages.keys():
        (folder / gone).unlink()
    write_text(folder / _STATE, json.dumps({"revision": report.revision}))
    return folder / INDEX


def _keep(folder: Path, revision: int) -> None:
    """Put the pages of an earlier revision aside, where their links still lead somewhere."""
    kept = folder / f"revision-{revision}"
    unfinished = kept.with_suffix(".next")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    for page in folder.glob("*.html"):
        text = page.read_text(encoding="utf-8", errors="replace").replace('href="../', 'href="../../')
        (unfinished / page.name).write_text(text, encoding="utf-8")
    shutil.rmtree(kept, ignore_errors=True)
    os.replace(unfinished, kept)


def _shown(folder: Path) -> int:
    """The revision that a folder's pages show; 0 when there are none."""
    state = folder / _STATE
    try:
        return int(json.loads(text_of(state) or "")["revision"])
    except (ValueError, LookupError, TypeError):
        return 0


def _is_outdated(home: Home, folder: Path) -> bool:
    with open_mart(home.published) as mart:
        week = named_week(folder.name, week_starts_on_of(mart))
        return _shown(folder) < len(revisions(mart, week, read_definitions(mart))) + 1


def _week_folders(home: Home) -> list[Path]:
    """Folders of weeks that have a report, the newest first; a copy that somebody made beside them is none."""
    found = (path.parent for path in home.reports.glob(f"*-W*/{_STATE}"))
    return sorted((folder for folder in found if _is_week(folder.name)), reverse=True)


def _is_week(name: str) -> bool:
    try:
        named_week(name, MONDAY)
    except ValueError:
        return False
    return _WEEK.fullmatch(name) is not None


def views(folder: Path) -> tuple[str, ...]:
    """The files of a week's views beside the overview; its lists of launches and experiments lead to the pages of each."""
    names = (path.name for path in folder.glob("*.html"))
    listed_elsewhere = (LAUNCH_PAGE, EXPERIMENT_PAGE)
    return tuple(sorted(name for name in names if name != INDEX and not name.startswith(listed_elsewhere)))


def _write_list(home: Home, newest: str) -> None:
    weeks = []
    for folder in _week_folders(home):
        first_day = first_day_in(home.published, folder.name)
        with open_mart(home.published) as mart:
            restated = revisions(mart, first_day, read_definitions(mart))
        weeks.append(
            Week(
                name=folder.name,
                first_day=first_day,
                last_day=first_day + timedelta(days=6),
                pages=views(folder),
                revisions=tuple(
                    Revision(number, each.as_of, each.figures, (folder / f"revision-{number - 1}").is_dir())
                    for number, each in enumerate(restated, 2)
                ),
            )
        )
    newest_day = first_day_in(home.published, newest)
    report = health_report(home.published, newest_day, language_code=report_language())
    write_text(home.reports / INDEX, render_weeks(report, weeks))
