"""The conformed entities that a file's rows may be: one stream an entity, with the columns a mapping may fill."""

from dataclasses import dataclass
from typing import Literal

from connectors.contract import Words

Kind = Literal["text", "number", "integer", "boolean", "timestamp", "date"]


@dataclass(frozen=True)
class Column:
    """A conformed column. `values`: what it may hold, where that is fixed. A row without a `required` one is bad."""

    name: str
    kind: Kind = "text"
    required: bool = False
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entity:
    """`id_column`: makes a row's key where the file has it. `key`: the key of an entity without such a column.

    `one_of`: at least one of these is mapped, and filled in every row.
    """

    name: str
    holds: Words
    columns: tuple[Column, ...]
    personal_data: tuple[str, ...]
    id_column: str | None = None
    key: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()

    def column(self, name: str) -> Column | None:
        return next((each for each in self.columns if each.name == name), None)


ENTITIES = {
    entity.name: entity
    for entity in (
        Entity(
            "survey_responses",
            Words(
                "Answers to surveys from exported files", "Réponses aux enquêtes issues de fichiers exportés"
            ),
            (
                Column("response_id"),
                Column("survey_id", required=True),
                Column("score", "number"),
                Column("comment"),
                Column("email"),
                Column("app_user_id"),
                Column("account_key"),
                Column("feature_id"),
                Column("product_id"),
                Column("answered_at", "timestamp", required=True),
            ),
            personal_data=("email", "app_user_id", "comment"),
            id_column="response_id",
        ),
        Entity(
            "feedback",
            Words(
                "Feedback of customers from exported files", "Retours de clients issus de fichiers exportés"
            ),
            (
                Column("feedback_id"),
                Column("kind", required=True, values=("web", "product", "experience", "voice")),
                Column("source"),
                Column("email"),
                Column("account_key"),
                Column("feature_id"),
                Column("theme"),
                Column("body"),
                Column("created_at", "timestamp", required=True),
            ),
            personal_data=("email", "body"),
            id_column="feedback_id",
        ),
        Entity(
            "meetings",
            Words(
                "Meetings of the teams from exported calendars",
                "Réunions des équipes issues de calendriers exportés",
            ),
            (
                Column("meeting_id"),
                Column("category", required=True),
                Column("starts_at", "timestamp", required=True),
                Column("duration_minutes", "number", required=True),
                Column("attendee_count", "integer"),
                Column("team_id"),
                Column("is_declined", "boolean"),
            ),
            personal_data=(),
            id_column="meeting_id",
        ),
        Entity(
            "tool_activity",
            Words(
                "Activity in work tools from exported files",
                "Activité dans les outils de travail issue de fichiers exportés",
            ),
            (
                Column("tool_id", required=True),
                Column("email"),
                Column("app_user_id"),
                Column("active_on", "date", required=True),
            ),
            personal_data=("email", "app_user_id"),
            key=("tool_id", "email", "app_user_id", "active_on"),
            one_of=("email", "app_user_id"),
        ),
    )
}
