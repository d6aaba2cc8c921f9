"""Candidates for features and surveys, as comments: what counts as one, only people know."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from connectors import vendor_of
from connectors.nearest import plain_letters
from connectors.registry.exclusions import passive_events
from connectors.registry.schema import Registry
from pops.onboarding.company_folder import slug
from pops.onboarding.names import names_of
from pops.onboarding.raw import Held
from pops.onboarding.writing import Proposal, scalar

MOST_CANDIDATES = 60
# What a tool's library sends by itself, of any app: sessions, pages, clicks.
_OF_A_LIBRARY = r"^(\$|\[(Amplitude|Experiment|Guides-Surveys)\])"
# Words that tell no feature from another.
_ANYTHINGS = {
    "feature", "error", "opened", "created", "viewed", "clicked", "edited", "used", "added", "page", "button", "view", "click",
    "open", "closed", "data",
}  # fmt: skip


def surveys(held: Held, registry: Registry) -> Iterator[Proposal]:
    """One a form, with the first question that gives a score."""
    names = names_of(held, "form")
    declared = {each.form for each in registry.surveys}
    for source, form, title, questions, hidden in held.rows(
        "select source, form, title, questions, cast(hidden as varchar[]) from forms order by 2"
    ):
        if form in declared:
            continue
        asked = [each for each in json.loads(questions or "[]") if isinstance(each, dict) and each.get("ref")]
        scored = next(
            (each for each in asked if each.get("type") in ("nps", "opinion_scale", "rating")), None
        )
        comment = next(
            (each["ref"] for each in asked if each.get("type") in ("long_text", "short_text")), None
        )
        fields = ", ".join(f"`{each}`" for each in hidden or []) or "none"
        told = f"# Candidate {names.told(form)}; hidden fields: {fields}"
        if scored is None:
            yield Proposal("surveys", (form,), (f"{told}; no question gives a score",))
            continue
        kind, lowest, highest = _scale(scored)
        owner = registry.organisation[0].owner or "team:product-ops"
        more = f", comment: {scalar(comment)}" if comment else ""
        entry = (
            f'# - {{id: {slug(title or form)}, name: {scalar(title or form)}, owner: "{owner}", tool: {vendor_of(source)}, form: {scalar(form)}, '
            f"kind: {kind}, scale: {{min: {lowest}, max: {highest}}}, wave: month, score: {scalar(scored['ref'])}{more}}}"
        )
        yield Proposal("surveys", (form,), (told, entry))


def _scale(question: Mapping[str, Any]) -> tuple[str, int, int]:
    """Kind of survey, lowest and highest point of a question: eleven points from 0 ask for a recommendation."""
    properties = question.get("properties") or {}
    is_rating = question.get("type") == "rating"
    steps = int(properties.get("steps") or (5 if is_rating else 11))
    if steps == 11 and not properties.get("start_at_one"):
        return "nps", 0, 10
    return ("csat", 1, steps) if is_rating or properties.get("start_at_one") else ("csat", 0, steps - 1)


def features(held: Held, registry: Registry, team: str) -> Iterator[Proposal]:
    """Candidates: one an event that no feature, funnel, activation or list of passive events has, with the tags of tickets like it."""
    known = registry.tracked_events() | passive_events(registry.exclusions)
    tags = names_of(held, "tag")
    listed_tags = {each.casefold() for feature in registry.features for each in feature.ticket_tags}
    free = {tag: _words(tag) for tag in tags.counts if tag.casefold() not in listed_tags}
    product = registry.products[0].id if registry.products else "PRODUCT"
    rows = held.rows(
        f"""
        select name, count(*), count(distinct person), count(distinct day), min(day) from events
        where name <> '' and not regexp_matches(name, '{_OF_A_LIBRARY}') group by all order by 3 desc, 2 desc, 1 limit {MOST_CANDIDATES + len(known)}
        """
    )
    unknown = [row for row in rows if row[0] not in known][:MOST_CANDIDATES]
    for name, number, people, days, first in unknown:
        own = [
            tag
            for tag, words in free.items()
            # Where words are not written apart, one is a part of the name.
            if words & _words(str(name)) or (not tag.isascii() and plain_letters(tag) in plain_letters(name))
        ]
        more = f", ticket_tags: [{', '.join(scalar(tag) for tag in own)}]" if own else ""
        told = f"# Candidate `{name}`: {number:,} events of {people:,} people on {days:,} days" + "".join(
            f"; tag {tags.told(tag)}" for tag in own
        )
        since = first or f"{datetime.now(UTC):%Y-%m-%d}"
        entry = (
            f"# - {{id: {slug(str(name))}, name: {scalar(str(name))}, product: {product}, team: {team}, live_from: {since}, "
            f"events: [{{event: {scalar(str(name))}}}]{more}}}"
        )
        yield Proposal("features", (str(name),), (told, entry))


def _words(name: str) -> set[str]:
    """The words that tell a name from others: none of three letters and less, none of what is done with anything."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return {
        each for each in re.split(r"[\W_]+", plain_letters(spaced)) if len(each) > 3 or not each.isascii()
    } - _ANYTHINGS
