"""Surveys as plain objects: forms, and the answers to them with everything that ever happens to them.

Every moment is aware UTC and a whole second, as the vendor keeps it.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Kind = Literal["nps", "csat", "team_pulse", "other"]


@dataclass(frozen=True)
class Form:
    """A form. `survey_id`: its name in the registry; None when nobody declared it.

    `score_ref`, `comment_ref`: refs of its questions; `steps`: points of the score question, from `first`.
    """

    id: str
    title: str
    kind: Kind
    survey_id: str | None
    created_at: datetime
    score_ref: str
    comment_ref: str
    first: int
    steps: int
    hidden_names: tuple[str, ...]
    deleted_at: datetime | None = None

    @property
    def last(self) -> int:
        return self.first + self.steps - 1


@dataclass
class Answer:
    """A completed response. `hidden`: the hidden fields as the link carried them.

    `person_index`, `account_index`: whose answer its hidden fields tell; None when they do not. `email`: an address
    that is all they tell. `shown_at`: from when on the vendor's API returns it.
    """

    form: Form
    token: str
    landed_at: datetime
    submitted_at: datetime
    shown_at: datetime
    score: int | None
    comment: str
    hidden: dict[str, str] = field(default_factory=dict)
    person_index: int | None = None
    account_index: int | None = None
    email: str | None = None
    product_id: str | None = None
    feature_id: str | None = None
    team_id: str | None = None
    deleted_at: datetime | None = None

    def is_shown(self, now: datetime) -> bool:
        """Whether the vendor returns it at `now`."""
        return (
            self.shown_at <= now
            and (self.deleted_at is None or self.deleted_at > now)
            and (self.form.deleted_at is None or self.form.deleted_at > now)
        )
