"""GrowthBook: experiments and their latest results, features and their revisions, learnings.

Endpoints: `GET /v1/experiments`, `/v1/experiments/results`, `/v1/experiments/{id}/results`, `/v2/features`,
`/v2/feature-revisions`, `/v1/learnings`.
Access: a secret key with the role readonly.
Deletes: what a list no longer shows becomes a deleted version; archived experiments and features are shown, and stay.
Limits: 60 requests a minute; an old server of one's own ignores filters that it does not know, so nothing rests on one.
Try it: `pops check growthbook`.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
from pydantic import AnyHttpUrl, SecretStr

from connectors.contract import Connector, Page, RawRecord, Stream, Window, Words
from connectors.errors import NotFound, PlanLacks, StuckCursor
from connectors.habits import Sign, meaning
from connectors.http import BearerAuth
from connectors.rows import raw_record, value_at
from connectors.settings import SourceSettings
from connectors.whole import whole

ROWS_A_PAGE = 100
# The results of an experiment that ended earlier are asked for no more, where they are asked for one by one.
RESULTS_CHANGE_FOR = timedelta(days=90)
# What a server of one's own that is older does not know.
NOT_THERE = meaning(PlanLacks, 404)
Json = dict[str, Any]


class GrowthBookSettings(SourceSettings):
    """Base URL `https://api.growthbook.io/api`, or `https://<host>/api` of an own server, and a secret key that reads."""

    usual_address = "https://api.growthbook.io/api"
    base_url: AnyHttpUrl
    secret_key: SecretStr
    # 60 a minute are allowed.
    requests_per_minute: int | None = 55

    def auth(self) -> httpx.Auth:
        return BearerAuth(self.secret_key)


class GrowthBookConnector(Connector):
    """Every stream is read whole: the vendor tells of no changes.

    A result is known by its experiment and phase; a vendor that has no list of results is asked for each experiment's.
    """

    name = "growthbook"
    title = "GrowthBook"
    console = "https://app.growthbook.io"
    family = "experiments"
    unread = Words(
        "Experiments and flags stand as on the last good night: decisions since then are unknown.",
        "Les expériences et les drapeaux sont figés à la dernière nuit réussie : les décisions depuis lors sont inconnues.",
    )
    access = "a secret API key with the role readonly."
    Settings = GrowthBookSettings
    streams = (
        Stream(
            "experiments",
            Words(
                "Experiments with their hypothesis, variants, phases and what was decided",
                "Expériences avec leur hypothèse, leurs variantes, leurs phases et la décision prise",
            ),
            ("owner", "ownerEmail"),
            key_source="REST API: `id` is that of an experiment, and stands in its address.",
            version="dateUpdated",
            deletes="vanish",
        ),
        Stream(
            "results",
            Words(
                "What the tool reckons of each experiment: people, values and differences of each variant",
                "Ce que l'outil calcule de chaque expérience : personnes, valeurs et écarts de chaque variante",
            ),
            (),
            key="experimentId and phase",
            key_source="REST API: a result is the latest one of an experiment's phase, and is asked for below the experiment.",
            belongs_to=(("experimentId", "experiments"),),
            version="dateUpdated",
        ),
        Stream(
            "features",
            Words("Feature flags, and who has them", "Drapeaux de fonctionnalités, et qui les a"),
            ("owner", "ownerEmail", "revision.createdBy", "revision.publishedBy", "rules"),
            key_source="REST API: `id` is the key of a feature in the organisation, and stands in its address.",
            version="dateUpdated",
            deletes="vanish",
        ),
        Stream(
            "feature_revisions",
            Words(
                "Every revision of a feature flag, with what it was from then on",
                "Chaque révision d'un drapeau, avec son état dès lors",
            ),
            ("createdBy", "publishedBy", "reviews", "metadata.owner", "rules"),
            key="featureId and version",
            key_source="REST API: a revision is known by its feature and its number, which stand in its address.",
            version="date",
            optional=True,
        ),
        Stream(
            "learnings",
            Words("What was learned of experiments", "Ce que les expériences ont appris"),
            ("owner", "ownerEmail", "authors", "text"),
            key_source="REST API: `id` is that of a learning, and stands in its address.",
            version="dateUpdated",
            deletes="vanish",
            optional=True,
        ),
    )

    def check(self) -> None:
        self._http.get("/v1/experiments", {"limit": 1})["total"]
        self._http.get("/v2/features", {"limit": 1})["total"]

    def fetch(self, stream: Stream, window: Window) -> Iterator[Page]:
        match stream.name:
            case "experiments":
                yield from whole(
                    self._records(stream, "/v1/experiments", "experiments"), self.known(stream.name)
                )
            case "features":
                yield from whole(self._features(stream), self.known(stream.name))
            case "learnings":
                rows = self._http.get("/v1/learnings", signs=NOT_THERE)["learnings"]
                yield from whole([[raw_record(row, stream.version) for row in rows]], self.known(stream.name))
            case "results":
                yield from (Page(records) for records in self._results(stream, window))
            case _:
                for rows in self._listed("/v2/feature-revisions", "revisions", signs=NOT_THERE):
                    yield Page([_below(row, "featureId", "version", stream.version) for row in rows])

    def _records(
        self, stream: Stream, path: str, name: str, query: Json | None = None
    ) -> Iterator[list[RawRecord]]:
        for rows in self._listed(path, name, query):
            yield [raw_record(row, stream.version) for row in rows]

    def _features(self, stream: Stream) -> Iterator[list[RawRecord]]:
        """Those that are live, and those that are archived; a server that does not know the difference shows all twice."""
        yield from self._records(stream, "/v2/features", "features")
        yield from self._records(stream, "/v2/features", "features", {"archived": "true"})

    def _results(self, stream: Stream, window: Window) -> Iterator[list[RawRecord]]:
        try:
            for rows in self._listed("/v1/experiments/results", "experimentResults"):
                yield [_below(row, "experimentId", "phase", stream.version) for row in rows]
        except NotFound:
            yield from self._results_one_by_one(stream, window)

    def _results_one_by_one(self, stream: Stream, window: Window) -> Iterator[list[RawRecord]]:
        assert window.end is not None
        oldest = (window.end - RESULTS_CHANGE_FOR).isoformat()
        for rows in self._listed("/v1/experiments", "experiments"):
            for each in rows:
                experiment, changed = value_at(each, "id"), str(value_at(each, "dateUpdated") or "")
                if not experiment or value_at(each, "status") == "draft" or changed < oldest:
                    continue
                with self.parts[stream.name].reading(f"experiment {experiment}"):
                    row = self._http.get(f"/v1/experiments/{experiment}/results").get("result")
                    yield [] if row is None else [_below(row, "experimentId", "phase", stream.version)]

    def _listed(
        self, path: str, name: str, query: Json | None = None, *, signs: tuple[Sign, ...] = ()
    ) -> Iterator[list[Any]]:
        """Pages of a list. One may be empty and not the last: where the next one begins, only the vendor knows."""

        def following(body: Json) -> Json | None:
            if not body["hasMore"]:
                return None
            if body["nextOffset"] is None:
                raise StuckCursor(place=f"GET {path}")
            return {"offset": body["nextOffset"]}

        first = {"limit": ROWS_A_PAGE, "offset": 0, **(query or {})}
        for body in self._http.paginate(path, first, following, signs=signs):
            yield body[name]


def _below(row: Any, parent: str, key: str, version: str) -> RawRecord:
    """A record that is known by what it is found below and its own key."""
    found = raw_record(row, version, key=parent)
    own = value_at(row, key)
    return found._replace(record_id="" if own is None or not found.record_id else f"{found.record_id}:{own}")
