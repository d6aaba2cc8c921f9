"""What may stand in `surveys.yml`: what the forms of a survey tool, or surveys of dropped files, measure."""

from collections.abc import Iterator, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from connectors.registry.entry import Problem, RenamableEntry
from connectors.registry.glossary import Text
from connectors.registry.patterns import Owner


class Scale(BaseModel):
    """The points of a survey's score, both ends included."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    min: int
    max: int

    @model_validator(mode="after")
    def _goes_up(self) -> "Scale":
        if self.max <= self.min:
            raise ValueError("`max` is not above `min`")
        return self


class HiddenFields(BaseModel):
    """Names of a form's hidden fields (the parameters of its link) that say whose answer it is, and about what."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    user: Text | None = None
    email: Text | None = None
    account: Text | None = None
    product: Text | None = None
    feature: Text | None = None
    team: Text | None = None


class Survey(RenamableEntry):
    """What a form of a survey tool (or a survey of dropped files) measures, and where in it that stands.

    `form`: its id in the tool; for files the `survey_id` of their rows. `wave`: of a person's answers in a wave, the
    latest counts. `product`, `feature`: what the whole survey is about. `score`, `comment`: refs of the questions (PostHog:
    their ids, or their places from 0 on); files name their columns in their own mapping. `hidden`: of PostHog, properties of
    the event.
    """

    name: Text
    owner: Owner
    tool: Literal["typeform", "posthog", "files"]
    form: Text
    kind: Literal["nps", "csat", "team_pulse"]
    scale: Scale
    wave: Literal["week", "month", "quarter"]
    score: Text | None = None
    comment: Text | None = None
    hidden: HiddenFields = Field(default_factory=HiddenFields)
    product: Text | None = None
    feature: Text | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> "Survey":
        if self.kind == "nps" and (self.scale.min, self.scale.max) != (0, 10):
            raise ValueError("an `nps` is asked on the scale 0 to 10")
        if self.tool != "files" and self.score is None:
            raise ValueError("a form needs `score`, the ref of the question that is answered with it")
        if self.tool == "posthog" and (self.hidden.user or self.hidden.email or self.hidden.account):
            raise ValueError("an event says whose answer it is: leave out `user`, `email`, `account`")
        if self.tool == "files" and (self.score or self.comment or self.hidden.model_fields_set):
            raise ValueError(
                "files name their columns in their own mapping: leave out `score`, `comment`, `hidden`"
            )
        if self.kind == "team_pulse" and (self.hidden.user or self.hidden.email or self.hidden.account):
            raise ValueError("a `team_pulse` knows no persons: leave out `user`, `email`, `account`")
        for name in ("product", "feature"):
            if getattr(self, name) and getattr(self.hidden, name):
                raise ValueError(f"`{name}` is either the same for the whole survey or a hidden field")
        return self


def survey_problems(surveys: Sequence[Survey]) -> Iterator[Problem]:
    """Surveys of one kind on several scales."""
    scales: dict[str, Survey] = {}
    for number, survey in enumerate(surveys):
        first = scales.setdefault(survey.kind, survey)
        if first.scale != survey.scale:
            yield (
                "surveys",
                number,
                f"Surveys `{first.id}` and `{survey.id}` are of the kind {survey.kind}, but on other scales: "
                "no number may mix them.",
            )
