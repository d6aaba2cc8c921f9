"""PostHog: events and persons by exports of files, feature flags, their activity log, experiments and surveys.

Endpoints: `POST /api/environments/{p}/file_download_batch_exports/`, its state and its files (which lie on another host);
`GET /api/projects/{p}/feature_flags/`, `/feature_flags/activity/`, `/experiments/`, `/surveys/`.
Access: a personal API key with the scopes feature_flag:read, experiment:read, survey:read, activity_log:read and
batch_export:write (to begin an export; nothing is changed by it).
An export's window is the time at which rows came in, not that at which they happened, a week at most. The list of events is
never asked: it leaves out rows without a word.
Deletes: flags, experiments and surveys that a complete reading does not show; persons by a flag; events never.
Try it: `pops check posthog`.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from connectors.contract import Connector, Cursor, Page, RawRecord, Stream, Window, Words
from connectors.errors import PlanLacks
from connectors.habits import Sign, meaning
from connectors.http import Http
from connectors.planning import first_half, next_window
from connectors.posthog.exports import EVENTS, PERSONS, Exports
from connectors.posthog.settings import PostHogSettings
from connectors.rows import raw_record, value_at
from connectors.whole import whole

ROWS_A_PAGE = 100
HOUR = timedelta(hours=1)
# So much is loaded at once. Of persons little comes in a week.
LONGEST_WINDOWS = {"events": timedelta(days=7), "persons": timedelta(days=91), "flag_activity": None}
# Old enough to be there, whatever the clock here says.
CHECK_AGE = timedelta(days=30)
READ_UNTIL = "came_in_until"
# An older server has no log of what became of flags.
NOT_THERE = meaning(PlanLacks, 404)


class PostHogConnector(Connector):
    """Flags, experiments and surveys whole; the log of flags newest first; persons and events by whole hours of arrival."""

    name = "posthog"
    title = "PostHog"
    console = "https://app.posthog.com"
    family = "product_analytics"
    unread = Words(
        "Use of the products since then is missing: adoption, funnels and active people are those of the last good night.",
        "L'usage des produits depuis lors manque : adoption, entonnoirs et personnes actives sont ceux de la dernière nuit réussie.",
    )
    access = (
        "A personal API key of the project with the scopes feature_flag:read, experiment:read, survey:read, activity_log:read "
        "and batch_export:write, and the project's number."
    )
    Settings = PostHogSettings
    streams = (
        Stream(
            "feature_flags",
            Words(
                "Feature flags, and who has them",
                "Drapeaux de fonctionnalités, et qui les a",
            ),
            ("created_by", "last_modified_by", "user_access_level", "filters.groups"),
            key_source="REST API: `id` is that of a flag of the project, and stands in its address.",
            deletes="vanish",
        ),
        Stream(
            "flag_activity",
            Words(
                "Every change of a feature flag, with what it was before and after",
                "Chaque changement d'un drapeau, avec son état avant et après",
            ),
            ("user", "detail"),
            key_source="REST API: `id` is that of an entry of the project's activity log.",
            version="created_at",
            cursor="up to which moment entries were read",
            happened="created_at",
            lag=timedelta(minutes=5),
            look_back=HOUR,
            is_event=True,
            optional=True,
        ),
        Stream(
            "experiments",
            Words(
                "Experiments with their flag, variants, days and what was concluded",
                "Expériences avec leur drapeau, leurs variantes, leurs jours et la conclusion",
            ),
            ("created_by", "feature_flag.created_by", "exposure_cohort"),
            key_source="REST API: `id` is that of an experiment of the project, and stands in its address.",
            deletes="vanish",
        ),
        Stream(
            "surveys",
            Words(
                "Surveys with their questions; the answers are events",
                "Enquêtes avec leurs questions ; les réponses sont des événements",
            ),
            ("created_by",),
            key_source="REST API: `id` is that of a survey of the project, and stands in its address.",
            deletes="vanish",
        ),
        Stream(
            "persons",
            Words(
                "Whose each id of a sender is, with the properties that PostHog keeps of the person",
                "À qui est chaque identifiant d'expéditeur, avec les propriétés que PostHog garde de la personne",
            ),
            ("distinct_id", "person_id", "properties"),
            subject="person",
            identifies=("distinct_id", "properties.email"),
            key="distinct_id",
            key_source="Persons model: one row a pair of team_id and distinct_id; a project is one team.",
            version="person_distinct_id_version and person_version",
            cursor="up to which moment of arrival rows were read",
            lag=HOUR,
            look_back=timedelta(days=1),
            deletes="flag",
        ),
        Stream(
            "events",
            Words(
                "What people did in the products: one event an action, with the person, the time and the properties",
                "Ce que les gens ont fait dans les produits : un événement par action, avec la personne, le moment et les propriétés",
            ),
            (
                "distinct_id",
                "person_id",
                "person_properties",
                "elements_chain",
                "properties.$ip",
                "properties.$device_id",
                "properties.$user_id",
                "properties.$anon_distinct_id",
                "properties.$current_url",
                "properties.$set",
                "properties.$set_once",
                "properties.alias",
            ),
            key="uuid",
            key_source="Events model: `uuid` is the unique id of the event within PostHog; a row may come in several exports.",
            version="_inserted_at",
            cursor="up to which moment of arrival events were read",
            lag=HOUR,
            look_back=timedelta(days=1),
            identifies=("properties.$user_id", "distinct_id", "properties.$device_id"),
            happened="timestamp",
            is_event=True,
        ),
    )

    def __init__(self, settings: PostHogSettings, http: Http) -> None:
        super().__init__(settings, http)
        self._project = f"/api/projects/{settings.project_id}"
        self._exports = Exports(http, settings.project_id)

    def check(self) -> None:
        for name in ("feature_flags", "experiments", "surveys"):
            self._http.get(f"{self._project}/{name}/", {"limit": 1})["results"]
        start = _whole_hour(self._http.now() - CHECK_AGE)
        self._exports.begun("events", start, start + timedelta(minutes=1))

    def next_window(
        self, stream: Stream, cursor: Cursor | None, until: datetime, history_start: datetime
    ) -> Window | None:
        if stream.is_whole:
            return super().next_window(stream, cursor, until, history_start)
        is_log = stream.name == "flag_activity"
        end = until - stream.lag
        return next_window(
            cursor,
            READ_UNTIL,
            end if is_log else _whole_hour(end),
            history_start if is_log else _whole_hour(history_start),
            look_back=stream.look_back,
            longest=LONGEST_WINDOWS[stream.name],
        )

    def shortened(self, window: Window) -> Window | None:
        return first_half(window, READ_UNTIL, HOUR)

    def fetch(self, stream: Stream, window: Window) -> Iterator[Page]:
        if stream.is_whole:
            yield from whole(self._all(stream), self.known(stream.name))
            return
        assert window.start is not None
        assert window.end is not None
        if stream.name == "flag_activity":
            yield from (Page(records) for records in self._entries(stream, window.start, window.end))
        else:
            selection = EVENTS if stream.name == "events" else PERSONS
            yield from self._exports.pages(stream.name, selection, window.start, window.end)

    def _all(self, stream: Stream) -> Iterator[list[RawRecord]]:
        yield from self._records(stream)
        if stream.name == "experiments":
            # They are on no list that does not ask for them; a server that does not know the question shows all twice.
            yield from self._records(stream, {"archived": "true"})

    def _records(self, stream: Stream, query: dict[str, Any] | None = None) -> Iterator[list[RawRecord]]:
        for rows in self._listed(f"{stream.name}/", query):
            yield [raw_record(row, stream.version) for row in rows]

    def _entries(self, stream: Stream, start: datetime, end: datetime) -> Iterator[list[RawRecord]]:
        """The log can be asked for no time: it is followed from now to the first entry that is older than the window."""
        for rows in self._listed("feature_flags/activity/", signs=NOT_THERE):
            moments = [_moment(value_at(row, "created_at")) for row in rows]
            dated = [each for each in moments if each is not None]
            yield [
                raw_record(row, stream.version)
                for row, moment in zip(rows, moments, strict=True)
                if moment is None or start <= moment < end
            ]
            if dated and max(dated) < start:
                return

    def _listed(
        self, path: str, query: dict[str, Any] | None = None, *, signs: tuple[Sign, ...] = ()
    ) -> Iterator[list[Any]]:
        first = {"limit": ROWS_A_PAGE, **(query or {})}
        for body in self._http.paginate(
            f"{self._project}/{path}", first, lambda body: body["next"], signs=signs
        ):
            yield body["results"]


def _whole_hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _moment(text: Any) -> datetime | None:
    """When an entry was made; None for what is no moment, which is kept and not gone by."""
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo is not None else None
