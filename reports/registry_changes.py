"""What changed in the organisation's registry from night to night, and which figures that explains.

Nothing is guessed: a change explains a figure when its night lies between the two that said the figure, the property feeds the
figure's kind of tool, and the entry is the figure's own part of the whole.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import groupby
from typing import Any

import duckdb

from connectors import vendor_of
from metrics.definitions import MetricDefinition

# By file, the properties that numbers hang on, with the kinds of tools whose records they read; none: any.
_EFFECTS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "features": {
        "events": ("product_analytics",),
        "eligible_plans": ("product_analytics",),
        "epics": ("delivery",),
        "ticket_tags": ("support",),
        "roadmap_items": ("roadmap",),
        "flags": ("experiments",),
        "pages": ("product_analytics",),
        "adoption_target": ("delivery",),
        "launched_on": ("delivery", "product_analytics"),
        # The work of teams is that of their projects and repositories.
        "team": ("product_analytics",),
        **dict.fromkeys(("live_from", "live_until", "product"), ()),
    },
    "products": {"name": ("roadmap",), "activation": ("product_analytics",)},
    "teams": {"jira_projects": ("delivery",), "repositories": ("delivery",)},
    "stages": dict.fromkeys(("statuses", "flow", "epic_entry"), ("delivery",)),
    "funnels": dict.fromkeys(("steps", "window_days", "window_hours"), ("product_analytics",)),
    "surveys": dict.fromkeys(("form", "tool", "kind", "scale", "wave", "score", "hidden", "product", "feature"), ("surveys", "files")),
    "roadmap_statuses": dict.fromkeys(("id", "stage", "agrees_with", "is_active"), ("roadmap",)),
    "themes": dict.fromkeys(("tags", "words"), ("support",)),
    "delivery": {"id": ("delivery",), "values": ("delivery",)},
    "services": {"id": ("delivery",), "repository": ("delivery",)},
    "exchange_rates": dict.fromkeys(("id", "rate", "currency", "from"), ("crm",)),
    "organisation": dict.fromkeys(("home_currency", "retention_brackets", "week_starts_on", "reporting_time_zone"), ()),
}  # fmt: skip
# Of entries that are no list of properties of one kind, by their id; any property counts.
_ENTRIES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "exclusions": {
        "internal_email_domains": (),
        "bot_user_agents": ("product_analytics",),
        "passive_events": ("product_analytics",),
        "tools_own_events": ("product_analytics",),
        "issue_resolutions": ("delivery",),
    },
    "sources": {
        **dict.fromkeys(("amplitude", "mixpanel", "posthog"), ("product_analytics",)),
        # Who is a customer, in which segment, with which account, all tools say by the CRM.
        **dict.fromkeys(("hubspot", "salesforce"), ()),
        **dict.fromkeys(("zendesk", "intercom"), ("support",)),
        "jira": ("delivery",),
    },
}
# The dimension whose members are a file's entries.
MEMBERS = {
    "products": "product_id",
    "features": "feature_id",
    "teams": "team_id",
    "stages": "stage",
    "funnels": "funnel_id",
    "themes": "theme_id",
}
# The file of the entries that a property names.
_NAMED_IN = {
    **dict.fromkeys(("team", "teams"), "teams"),
    **dict.fromkeys(("product", "products"), "products"),
    **dict.fromkeys(("feature", "features"), "features"),
}
# Totals that are made of features; those of other subjects do not ask to which feature something belongs.
_OF_FEATURES = ("adoption", "roadmap")
_OF_TAGS = ("untagged_ticket_share",)


@dataclass(frozen=True)
class RegistryChange:
    """An entry that a night read otherwise than the night before.

    `change`: added, changed or removed. `before`, `after`: what its properties said, those alone that differ. `product`,
    `team`: whose a feature is, or was.
    """

    file: str
    entry: str
    changed_on: date
    change: str
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    product: str | None = None
    team: str | None = None

    @property
    def properties(self) -> frozenset[str]:
        return frozenset(self.before.keys() | self.after.keys())

    @property
    def took_over(self) -> tuple[str, ...]:
        """Ids whose history it goes on with since then."""
        known = set(self.before.get("formerly") or ())
        return tuple(str(each) for each in self.after.get("formerly") or () if each not in known)

    @property
    def ids(self) -> frozenset[str]:
        """The entry's id, and those that it had."""
        return frozenset({self.entry, *map(str, self.after.get("formerly") or ())})


def read_changes(mart: duckdb.DuckDBPyConnection) -> tuple[RegistryChange, ...]:
    """All changes that the published nights know, the oldest first; none of a mart that an older version published."""
    known = mart.execute(
        "select 1 from information_schema.tables where table_schema = 'mart' and table_name = 'fct_registry_change'"
    ).fetchone()
    if known is None:
        return ()
    homes = {
        feature: (product, team)
        for feature, product, team in mart.execute(
            "select feature_id, product_id, team_id from mart.dim_feature"
        ).fetchall()
    }
    rows = mart.execute(
        "select changed_date, file, entry_id, change, property, value_before, value_after, changed_at "
        "from mart.fct_registry_change order by changed_at, file, entry_id, property"
    ).fetchall()
    nights = [
        [
            _change(entry, {row[4]: row[5:7] for row in of_entry}, homes)
            for entry, of_entry in groupby(of_night, lambda row: row[:4])
        ]
        for _, of_night in groupby(rows, lambda row: row[7])
    ]
    return tuple(each for night in nights for each in _without_what_was_kept(_with_names_of_now(night)))


def _change(
    what: tuple[date, str, str, str],
    values: Mapping[str, Sequence[str | None]],
    homes: Mapping[str, tuple[str, str]],
) -> RegistryChange:
    changed_on, file, entry, change = what
    before = {name: json.loads(old) for name, (old, _) in values.items() if old is not None}
    after = {name: json.loads(new) for name, (_, new) in values.items() if new is not None}
    product, team = homes.get(entry, (None, None)) if file == "features" else (None, None)
    return RegistryChange(
        file,
        entry,
        changed_on,
        change,
        before,
        after,
        product or before.get("product"),
        team or next(iter(teams_named(before.get("team"))), None),
    )


def teams_named(given: Any) -> list[str]:
    """The teams of a feature's `team`, as written: one, or several one after the other."""
    listed = given if isinstance(given, list) else [given] if given else []
    return [each if isinstance(each, str) else str(each["name"]) for each in listed]


def _with_names_of_now(night: Sequence[RegistryChange]) -> list[RegistryChange]:
    """An entry that names another by the id that this one got is no other one than before."""
    now = {(each.file, old): each.entry for each in night for old in each.took_over}

    def renamed(file: str, value: Any) -> Any:
        match value:
            case str():
                return now.get((file, value), value)
            case list():
                return [renamed(file, each) for each in value]
            case dict():
                return {name: renamed(file, each) for name, each in value.items()}
            case _:
                return value

    found = []
    for each in night:
        before = {
            name: renamed(_NAMED_IN[name], value) if name in _NAMED_IN else value
            for name, value in each.before.items()
        }
        same = {name for name in _NAMED_IN if name in each.after and before.get(name) == each.after[name]}
        found.append(
            replace(
                each,
                before={name: value for name, value in before.items() if name not in same},
                after={name: value for name, value in each.after.items() if name not in same},
            )
        )
    return found


def _without_what_was_kept(night: Sequence[RegistryChange]) -> Iterator[RegistryChange]:
    """Of an entry that only got another id: what differs beside the id, at the old one and at the new one."""
    kept: dict[tuple[str, str], set[str]] = {}
    gone = {(each.file, each.entry): each for each in night if each.change == "removed"}
    for each in night:
        old = gone.get((each.file, each.took_over[0])) if len(each.took_over) == 1 else None
        if each.change == "added" and old is not None:
            same = {
                name for name in each.after if name in old.before and old.before[name] == each.after[name]
            }
            kept[each.file, each.entry] = kept[old.file, old.entry] = same
    for each in night:
        same = kept.get((each.file, each.entry), set())
        yield replace(
            each,
            before={name: value for name, value in each.before.items() if name not in same},
            after={name: value for name, value in each.after.items() if name not in same},
        )


def between(changes: Iterable[RegistryChange], after: date, until: date) -> tuple[RegistryChange, ...]:
    """Those that nights after one, up to another, read first."""
    return tuple(each for each in changes if after < each.changed_on <= until)


def explaining(
    changes: Iterable[RegistryChange], definition: MetricDefinition, members: Mapping[str, str]
) -> Iterator[RegistryChange]:
    """The changes on which a figure hangs. `members`: the figure's members, by their dimension; none for a total."""
    for each in changes:
        if _feeds(each, definition) and _is_of(each, definition, members):
            yield each


def with_counterparts(
    found: Iterable[RegistryChange], changes: Iterable[RegistryChange]
) -> list[RegistryChange]:
    """Some changes and, of all, those that tell the other side of them: who had the project before, what an entry became part of."""
    kept = list(found)
    return [each for each in changes if each in kept or any(_is_other_side(each, one) for one in kept)]


def _is_other_side(one: RegistryChange, other: RegistryChange) -> bool:
    if (one.file, one.changed_on) != (other.file, other.changed_on):
        return False
    is_same_project = one.file == "teams" and not _passed(one).isdisjoint(_passed(other))
    return is_same_project or one.entry in other.took_over or other.entry in one.took_over


def _passed(change: RegistryChange) -> set[str]:
    """Names of projects and repositories of which a team's entry says something else."""
    sides = (
        [
            (each if isinstance(each, str) else str(each["name"]), str(each))
            for name in ("jira_projects", "repositories")
            for each in said.get(name) or ()
        ]
        for said in (change.before, change.after)
    )
    before, after = map(set, sides)
    return {name for name, _ in before ^ after}


def _feeds(change: RegistryChange, definition: MetricDefinition) -> bool:
    """Whether something that changed reads records of the kinds of tools that the metric is made of."""
    if change.file in _ENTRIES:
        # What an instance's fields say, says its vendor's kind of tool.
        families: list[tuple[str, ...]] = [
            _ENTRIES[change.file].get(vendor_of(change.entry) or change.entry, ())
        ]
    elif change.file == "calendar":
        families = [("support",)]
    elif change.file == "feedback_sources":
        return definition.subject == "feedback"
    else:
        effects = _EFFECTS.get(change.file, {})
        families = [effects[name] for name in change.properties if name in effects]
    return any(not each or set(each) & set(definition.families) for each in families)


def _is_of(change: RegistryChange, definition: MetricDefinition, members: Mapping[str, str]) -> bool:
    """Whether the entry is the figure's own part, or a total is made of such entries."""
    own = MEMBERS.get(change.file)
    if own is None:
        return True
    if own in members:
        # What is of no member may have been of this one, or be now.
        return members[own] in change.ids or members[own].startswith("(")
    if change.file == "features":
        homes = {
            "product_id": {change.product, change.before.get("product"), change.after.get("product")},
            "team_id": {
                change.team,
                *teams_named(change.before.get("team")),
                *teams_named(change.after.get("team")),
            },
        }
        for dimension, homes_of in homes.items():
            if dimension in members:
                return members[dimension] in homes_of or members[dimension].startswith("(")
        return definition.subject in _OF_FEATURES or (
            "ticket_tags" in change.properties and definition.metric in _OF_TAGS
        )
    # Who owns it, or what it is called, moves no total.
    return change.file == "stages"
