"""What changed in the registry, in sentences."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from reports.language import N_, Language
from reports.registry_changes import RegistryChange

_KINDS = {
    "organisation": N_("organisation"),
    "products": N_("product"),
    "features": N_("feature"),
    "teams": N_("team"),
    "stages": N_("stage"),
    "roadmap_statuses": N_("status of the roadmap"),
    "feedback_sources": N_("source of feedback"),
    "themes": N_("theme"),
    "north_star": N_("North Star"),
    "targets": N_("target"),
    "calendar": N_("calendar"),
    "exclusions": N_("exclusion"),
    "delivery": N_("rule of delivery"),
    "services": N_("service"),
    "funnels": N_("funnel"),
    "surveys": N_("survey"),
    "sources": N_("fields of the tool"),
    "exchange_rates": N_("exchange rate"),
}
_OWNED = {"jira_projects": N_("project {name}"), "repositories": N_("repository {name}")}
# So many entries are named in one sentence.
_NAMED = 6


def sentences(say: Language, changes: Sequence[RegistryChange]) -> list[str]:
    """Renames, merges and projects that passed on, each in a sentence; then what else is new, other, or gone, counted and named."""
    told = [*_renames(say, changes), *_passed_on(say, changes), *_other_owners(say, changes)]
    gone = {(each.file, old) for each in changes for old in each.took_over}
    groups: dict[str, list[str]] = {"added": [], "changed": [], "removed": []}
    for each in changes:
        properties = set(each.properties) - {"id", "formerly"}
        if each.change == "changed" and each.file == "teams":
            properties -= _OWNED.keys()
        if each.change == "changed" and each.file == "features":
            properties -= {"team"}
        is_told = each.took_over if each.change == "added" else (each.file, each.entry) in gone
        if not is_told and (each.change != "changed" or properties):
            groups[each.change].append(_named(say, each, properties))
    for change, names in groups.items():
        if names:
            told.append(_counted(say, change, names))
    return told


def _named(say: Language, change: RegistryChange, properties: set[str]) -> str:
    named = say.text("{kind} “{entry}”", kind=say.text(_KINDS[change.file]), entry=change.entry)
    return f"{named} ({', '.join(sorted(properties))})" if change.change == "changed" else named


def _counted(say: Language, change: str, names: Sequence[str]) -> str:
    listed = say.listed(names[:_NAMED])
    more = len(names) - _NAMED
    if more > 0:
        listed = say.text("{listed} and {n} more", listed=", ".join(names[:_NAMED]), n=say.number(more))
    return {
        "added": say.text("New ({n}): {listed}.", n=say.number(len(names)), listed=listed),
        "changed": say.text("Changed ({n}): {listed}.", n=say.number(len(names)), listed=listed),
        "removed": say.text("Taken out ({n}): {listed}.", n=say.number(len(names)), listed=listed),
    }[change]


def _renames(say: Language, changes: Sequence[RegistryChange]) -> Iterator[str]:
    for each in changes:
        kind = say.text(_KINDS[each.file])
        is_rename = each.change == "added" and len(each.took_over) == 1
        for old in each.took_over:
            message = (
                N_("The {kind} “{old}” is called “{new}” now.")
                if is_rename
                else N_("The {kind} “{old}” became part of “{new}”.")
            )
            yield say.text(message, kind=kind, old=old, new=each.entry)


def _passed_on(say: Language, changes: Sequence[RegistryChange]) -> Iterator[str]:
    """Projects and repositories that a team gained, or that none has any more."""
    teams = [
        each for each in changes if each.file == "teams" and not (each.change == "added" and each.took_over)
    ]
    for property, thing in _OWNED.items():
        gained, lost = {}, {}
        for each in teams:
            before, after = _owned(each.before.get(property)), _owned(each.after.get(property))
            for name, entry in after.items():
                if before.get(name) != entry and not (name in before and entry.get("to")):
                    gained[name] = each.entry, entry
            for name in before:
                if name not in after or (after[name].get("to") and not before[name].get("to")):
                    lost[name] = each.entry, after.get(name, {})
        for name, (team, entry) in gained.items():
            yield _gained(say, say.text(thing, name=name), team, lost.get(name, ("", {}))[0], entry)
        for name, (_, entry) in lost.items():
            if name not in gained:
                yield _lost(say, say.text(thing, name=name), entry)


def _other_owners(say: Language, changes: Sequence[RegistryChange]) -> Iterator[str]:
    """Features that another team has, or whose teams have other days."""
    for each in changes:
        if each.file != "features" or each.change != "changed" or "team" not in each.properties:
            continue
        before, after = list(_owned(each.before["team"]).values()), list(_owned(each.after["team"]).values())
        values = {"feature": each.entry, "team": after[-1]["name"]}
        other = after[-2]["name"] if len(after) > 1 else before[-1]["name"]
        if "from" in after[-1] and other != values["team"]:
            day = say.day(date.fromisoformat(after[-1]["from"]))
            yield say.text(
                "From {day} on the feature “{feature}” is of the team “{team}”, until then of “{other}”.",
                day=day,
                other=other,
                **values,
            )
        elif other != values["team"]:
            yield say.text(
                "The feature “{feature}” is of the team “{team}” instead of “{other}”.", other=other, **values
            )
        else:
            yield say.text("The feature “{feature}” is of the team “{team}” on other days.", **values)


def _gained(say: Language, thing: str, team: str, other: str, entry: Mapping[str, Any]) -> str:
    values = {"team": team, "thing": thing, "other": other}
    if "from" in entry:
        values["day"] = say.day(date.fromisoformat(entry["from"]))
    if other and "from" in entry:
        return say.text(
            "From {day} on the {thing} is of the team “{team}”, until then of “{other}”.", **values
        )
    if other:
        return say.text(
            "The {thing}, with its history, is of the team “{team}” instead of “{other}”.", **values
        )
    if "from" in entry:
        return say.text("From {day} on the {thing} is of the team “{team}”.", **values)
    return say.text("The {thing}, with its history, is of the team “{team}”.", **values)


def _lost(say: Language, thing: str, entry: Mapping[str, Any]) -> str:
    if entry.get("to"):
        return say.text(
            "The {thing} is of no team after {day}.",
            thing=thing,
            day=say.day(date.fromisoformat(entry["to"])),
        )
    return say.text("The {thing} is of no team any more.", thing=thing)


def _owned(entries: Any) -> dict[str, dict[str, Any]]:
    """The last entry of each name."""
    listed = [entries] if isinstance(entries, str) else entries or ()
    given = [{"name": each} if isinstance(each, str) else each for each in listed]
    return {str(each["name"]): each for each in sorted(given, key=lambda each: str(each.get("from", "")))}
