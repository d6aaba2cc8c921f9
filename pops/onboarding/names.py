"""The names that records have, by kind, each with how many records have it: what the registry's names are held against."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.nearest import nearest
from connectors.storage import literal
from pops.onboarding.raw import Held


@dataclass(frozen=True)
class Kind:
    """`counts`: a select of name and number of records. `unit`: what is counted. `ids`: names by which the same is known."""

    singular: str
    unit: str
    counts: str
    ids: str = ""


KINDS: Mapping[str, Kind] = {
    "event": Kind("event", "events", "select name, count(*) from events group by all order by 2 desc, 1"),
    "status": Kind(
        "status",
        "issues",
        """
        select names.name, count(issues.issue_key)
        from (select name from statuses union select status from issues) as names
        left join issues on issues.status = names.name
        group by all order by 2 desc, 1""",
    ),
    "project": Kind(
        "project",
        "issues",
        """
        select names.project, count(issues.issue_key)
        from (select project from projects union select project from issues) as names
        left join issues using (project)
        group by all order by 2 desc, 1""",
    ),
    "epic": Kind("epic", "epics", "select issue_key, 1 from issues where is_epic = 'yes' order by 1"),
    "resolution": Kind(
        "resolution", "issues", "select resolution, count(*) from issues group by all order by 2 desc, 1"
    ),
    "repository": Kind(
        "repository",
        "pull requests",
        """
        select names.repository, count(pull_requests.repository)
        from (select repository from repositories union select repository from pull_requests) as names
        left join pull_requests on lower(pull_requests.repository) = lower(names.repository)
        group by all order by 2 desc, 1""",
    ),
    "environment": Kind(
        "environment",
        "deployments",
        "select environment, count(*) from deployments group by all order by 2 desc, 1",
    ),
    "tracking repository": Kind(
        "repository with issues",
        "issues",
        "select repository, count(*) from host_issues group by all order by 2 desc, 1",
    ),
    "label": Kind(
        "label", "issues", "select label, count(*) from host_labels group by all order by 2 desc, 1"
    ),
    "tag": Kind(
        "tag",
        "tickets",
        """
        select tag, count(*) from (select distinct source, ticket_id, unnest(cast(tags as varchar[])) as tag from tickets)
        group by all order by 2 desc, 1""",
    ),
    "form": Kind(
        "form",
        "answers",
        """
        select names.form, count(answers.form)
        from (select form from forms union select form from answers) as names left join answers using (form)
        group by all order by 2 desc, 1""",
        ids="select form, any_value(title) from forms group by all",
    ),
    "roadmap status": Kind(
        "roadmap status",
        "items",
        "select status, count(*) from roadmap_items group by all order by 2 desc, 1",
    ),
    "roadmap item": Kind(
        "roadmap item",
        "items",
        "select name, count(*) from roadmap_items group by all order by 2 desc, 1",
        ids="select item_id, any_value(name) from roadmap_items group by all",
    ),
    "source of feedback": Kind(
        "source of feedback", "notes", "select origin, count(*) from notes group by all order by 2 desc, 1"
    ),
    "flag": Kind("flag", "flags", "select flag, count(*) from flags group by all order by 2 desc, 1"),
    "service": Kind(
        "service", "services", "select service, count(*) from services group by all order by 2 desc, 1"
    ),
    "domain": Kind(
        "domain",
        "people",
        """
        select lower(split_part(email, '@', 2)), count(distinct lower(email))
        from (select email from staff union all select email from people) where email like '%@%'
        group by all order by 2 desc, 1""",
    ),
}


_FREE_MAIL = {"gmail.com", "outlook.com", "hotmail.com", "yahoo.com", "icloud.com", "gmx.de", "web.de", "orange.fr", "free.fr"}  # fmt: skip
_SINGULAR = {"people": "person", "companies": "company"}


@dataclass
class Names:
    """Those of one kind that the records have. Compared without case and blanks around, but for events."""

    kind: Kind
    counts: dict[str, int]
    ids: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._known = {self.key(each): each for each in self.counts}

    def key(self, name: str) -> str:
        if self.kind.singular == "event":
            return name
        # As the mart writes plans.
        return (
            re.sub("[- ]", "_", name.strip().casefold())
            if self.kind.singular == "plan"
            else name.strip().casefold()
        )

    def has(self, name: str) -> bool:
        return self.key(name) in self._known or name in self.ids

    def nearest(self, name: str) -> str | None:
        """The name that was most likely meant; None where none is like it."""
        titles = {title: id_ for id_, title in self.ids.items() if title and id_ in self.counts}
        found = nearest(name, [*self.counts, *titles])
        return titles.get(found, found) if found is not None else None

    def told(self, name: str) -> str:
        """A name with how many records have it, such as "`Terminé(e)`, 206 issues"."""
        number = self.counts[name]
        unit = (
            _SINGULAR.get(self.kind.unit, self.kind.unit.removesuffix("s")) if number == 1 else self.kind.unit
        )
        title = f" ({self.ids[name]})" if self.ids.get(name) and self.kind.singular == "form" else ""
        return f"`{name}`{title}, {number:,} {unit}"

    def missing(self, name: str) -> str:
        """The sentence on a name that no record has."""
        near = self.nearest(name)
        none = "begins so" if name.endswith("*") else "has this name"
        return (
            f"`{name}`: did you mean {self.told(near)}?"
            if near
            else f"`{name}`: no {self.kind.singular} {none}."
        )


def names_of(held: Held, kind: str) -> Names:
    """The names of one of `KINDS` that raw holds."""
    what = KINDS[kind]
    ids = {str(id_): str(name or "") for id_, name in held.rows(what.ids)} if what.ids else {}
    return Names(what, held.counts(what.counts), ids)


def plan_names(held: Held, sources: Mapping[str, Mapping[str, Any]]) -> Names:
    """The plans that companies have, by the properties that `sources` (`Registry.source_names`) names; after `prepare_values`."""
    counts: dict[str, int] = {}
    for source, names in sources.items():
        if names.get("plan"):
            for value, number in held.rows(
                "select value, sum(records) from field_values where source = ? and place = 'companies' and name = ? "
                "group by all order by 2 desc, 1",
                source,
                names["plan"],
            ):
                counts[str(value)] = counts.get(str(value), 0) + int(str(number))
    return Names(Kind("plan", "companies", ""), counts)


def deal_kinds(held: Held, source: str) -> dict[str, int]:
    """The types that deals of a CRM have, each with how many do."""
    return held.counts(
        f"select kind, count(*) from deals where source = {literal(source)} group by all order by 2 desc, 1"
    )


def own_domains(held: Held) -> dict[str, int]:
    """The domains of the organisation's own people in its tools, each with how many they are; not of what anybody may have."""
    domains = held.counts(
        """
        select lower(split_part(email, '@', 2)), count(distinct lower(email)) from staff where email like '%@%'
        group by all order by 2 desc, 1
        """
    )
    return {
        name: number
        for name, number in domains.items()
        if name not in _FREE_MAIL and number >= max(domains.values()) / 10
    }
