"""The list of all weeks and revisions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from reports.health import AUDIENCES, INDEX, LAUNCH_LIST, template
from reports.model import HealthReport


@dataclass(frozen=True)
class Revision:
    """Figures of a week said otherwise from the night `as_of` on. `is_kept`: whether the pages before it were kept."""

    number: int
    as_of: date
    figures: int
    is_kept: bool


@dataclass(frozen=True)
class Week:
    """A week with a report. `pages`: files of its other views."""

    name: str
    first_day: date
    last_day: date
    pages: tuple[str, ...]
    revisions: tuple[Revision, ...]


def render_weeks(newest: HealthReport, weeks: Sequence[Week]) -> str:
    """The page that lists the weeks, the newest first. `newest`: the report of one of them, for names and language."""
    say = newest.say
    names = {each.file: say.text(each.name) for each in (*AUDIENCES, LAUNCH_LIST) if each.file != INDEX}
    return template("weeks.html.j2", say).render(
        organisation=newest.organisation,
        as_of=newest.as_of,
        weeks=weeks,
        names={
            page: names.get(page, newest.name(page.removeprefix("team-").removesuffix(".html")))
            for week in weeks
            for page in week.pages
        },
    )
