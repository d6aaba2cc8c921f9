"""The registry held against itself, and its names against the records of the tools, in sentences."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from connectors import vendor_of
from connectors.errors import InvalidRegistry
from connectors.instances import left_out_sources
from connectors.registry.exclusions import passive_events
from connectors.registry.files import Written, load_registry, own_entries, readable_entries, registry_dir
from connectors.registry.launches import Kpi
from connectors.registry.measures import Measure
from connectors.registry.north_star import NORTH_STAR
from connectors.registry.schema import Registry
from connectors.storage import literal
from connectors.yaml_file import Place
from metrics.north_star import Known, problem_of
from pops.onboarding.fields import field_counts, prepare_values
from pops.onboarding.names import Kind, Names, deal_kinds, names_of, plan_names
from pops.onboarding.raw import Held, open_held
from reports.glossary_data import gaps, metric_facts, published_metrics
from settings.units import Unit

# File, where in an entry names stand (`*`: each of a list), what they name.
_NAMED: Sequence[tuple[str, tuple[str, ...], str]] = (
    ("features", ("events", "*", "event"), "event"),
    ("features", ("epics", "*"), "epic"),
    ("features", ("ticket_tags", "*"), "tag"),
    ("features", ("roadmap_items", "*"), "roadmap item"),
    ("features", ("flags", "*"), "flag"),
    ("features", ("eligible_plans", "*"), "plan"),
    ("funnels", ("steps", "*", "event"), "event"),
    ("products", ("activation", "steps", "*", "event"), "event"),
    ("stages", ("statuses", "*"), "status"),
    ("teams", ("jira_projects", "*", "name"), "project"),
    ("teams", ("repositories", "*", "name"), "repository"),
    ("services", ("id",), "service"),
    ("services", ("repository",), "repository"),
    ("themes", ("tags", "*"), "tag"),
    ("roadmap_statuses", ("id",), "roadmap status"),
    ("feedback_sources", ("id",), "source of feedback"),
    ("surveys", ("form",), "form"),
    ("experiments", ("flag",), "flag"),
    ("experiments", ("exposure", "event"), "event"),
)
# Of lists of values, what those of an entry name, by its id.
_VALUES: Mapping[str, Mapping[str, str]] = {
    "exclusions": {
        "internal_email_domains": "domain",
        "passive_events": "event",
        "issue_resolutions": "resolution",
    },
    "delivery": {
        "production_environments": "environment",
        "incident_labels": "label",
        "issue_repositories": "repository",
        "bug_labels": "label",
    },
}
# Comments on ratings and in surveys have no source in a tool.
_PLATFORMS_OWN = {"ticket_rating", "survey"}
# Of what is unmapped, so many are told by name.
_TOLD = 5


def wrong(env: Mapping[str, str]) -> list[str]:
    """All that no night would take, each with file and line."""
    try:
        load_registry(registry_dir(env))
    except InvalidRegistry as error:
        return list(error.problems) or [str(error)]
    return []


def unsaid(env: Mapping[str, str]) -> list[str]:
    """What is left unsaid in a registry that is not wrong; no night is stopped by it."""
    registry = load_registry(registry_dir(env))
    return [*gaps(registry), *_called_alike(registry)]


def _called_alike(registry: Registry) -> Iterator[str]:
    """Entries of one file that pages would show under one name."""
    for file in ("products", "features", "teams", "stages", "funnels", "surveys", "launches", "experiments"):
        ids: dict[str, list[str]] = {}
        for each in getattr(registry, file):
            ids.setdefault(each.name.strip().casefold(), []).append(f"`{each.id}`")
        for alike in ids.values():
            if len(alike) > 1:
                listed = " and ".join(alike)
                yield f"{file}.yml: {listed} have one name: readers cannot tell them apart."


def held_against_data(env: Mapping[str, str], home: Path) -> list[str]:
    """What of a registry that is not wrong matches no record, and what of the records it does not say.

    Raises ValueError while a source is being read.
    """
    folder = registry_dir(env)
    registry, own = load_registry(folder), own_entries(folder)
    found = [*_unknown_metrics(own), *left_out_sources(home, env).values()]
    with open_held(home, env) as held:
        if not held.sources:
            return [
                *found,
                "Nothing was read yet: the registry was held against itself alone; `pops discover` reads the tools.",
            ]
        prepare_values(held)
        known = _known(held)
        known["plan"] = plan_names(held, registry.source_names())
        found += _unmatched(own, known)
        found += _unmatched_values(own, held)
        found += _unmatched_fields(own, held)
        found += _unmatched_questions(own, held)
        found += unmapped(registry, known)
    return found


def unmatched_beside(env: Mapping[str, str], home: Path) -> list[str]:
    """What of a registry that is wrong matches no record, so that all of it can be mended at once: of files that can be read, and
    without what only sources.yml tells. Raises ValueError while a source is being read.
    """
    with open_held(home, env) as held:
        own = readable_entries(registry_dir(env))
        return list(_unmatched(own, _known(held))) if held.sources else []


def _known(held: Held) -> dict[str, Names]:
    """The names that records have, by kind: all but plans, which sources.yml must tell."""
    kinds = {kind for *_, kind in _NAMED} | {kind for kinds in _VALUES.values() for kind in kinds.values()}
    return {kind: names_of(held, kind) for kind in sorted(kinds - {"plan"})}


def _unmatched(own: Mapping[str, list[Written]], known: Mapping[str, Names]) -> Iterator[str]:
    for name, written in own.items():
        for each in written:
            for path, text, kind in _names_in(name, each.entry):
                names = known.get(kind)
                # Of a kind that no record has, nothing can be said.
                if names and names.counts and not _matches(names, text) and text not in _PLATFORMS_OWN:
                    yield f"{each.place(name, path)}: {names.missing(text)}"


def _matches(names: Names, text: str) -> bool:
    """Whether there is such a name; `login*` is each that begins so."""
    if text.endswith("*"):
        return any(names.key(each).startswith(names.key(text[:-1])) for each in names.counts)
    return names.has(text)


def _names_in(file: str, entry: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """The names in an entry of a file: where they stand, the name, its kind."""
    for name, path, kind in _NAMED:
        if name == file and (file != "surveys" or entry.get("tool") in ("typeform", "posthog")):
            yield from ((place, text, kind) for place, text in _at(entry, path))
    kind_of_values = _VALUES.get(file, {}).get(str(entry.get("id")))
    if kind_of_values:
        yield from ((place, text, kind_of_values) for place, text in _at(entry, ("values", "*")))


def _at(
    value: Any, path: tuple[str, ...], place: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """The texts at a path within an entry, with their places. What may be written as its name alone is that name."""
    if not path or (path == ("name",) and isinstance(value, str)):
        yield place, str(value)
    elif path[0] == "*":
        for number, item in enumerate(value if isinstance(value, list) else ()):
            yield from _at(item, path[1:], (*place, number))
    elif isinstance(value, dict) and value.get(path[0]) is not None:
        yield from _at(value[path[0]], path[1:], (*place, path[0]))


def _unknown_metrics(own: Mapping[str, list[Written]]) -> Iterator[str]:
    metrics = published_metrics()
    names = Names(Kind("published metric", "", ""), dict.fromkeys(metrics, 0))
    for each in own.get("targets", []):
        metric = str(each.entry["metric"])
        if metric not in metrics:
            near = names.nearest(metric)
            more = f"did you mean `{near}`?" if near else "`pops query` lists them."
            yield f"{each.place('targets', ('metric',))}: `{metric}` is no published metric: {more}"
    for each in own.get("launches", []):
        yield from _unknown_cuts(each, {**metrics, NORTH_STAR: [[]]})
    for each in own.get(NORTH_STAR, []):
        yield from _unmeasurable(each)


def _unknown_cuts(launch: Written, groupings: Mapping[str, list[list[str]]]) -> Iterator[str]:
    """Metrics of a launch of members by which they are not cut. `groupings`: of each published metric, what it is cut by."""
    places: list[tuple[Place, dict[str, Any]]] = [(("primary",), launch.entry["primary"])]
    for key in ("further", "guardrails"):
        places += [((key, number), kpi) for number, kpi in enumerate(launch.entry.get(key) or [])]
    for place, entry in places:
        metric, cut = (
            entry["metric"],
            set(
                Kpi.model_validate({key: value for key, value in entry.items() if key != "window_days"}).cut()
            ),
        )
        if cut not in [set(each) for each in groupings.get(metric, [])]:
            ways = "; ".join(
                " and ".join(name.removesuffix("_id") for name in each) or "of all"
                for each in groupings.get(metric, [])
            )
            yield f"{launch.place('launches', place)}: `{metric}` is not known by this cut; it is known: {ways}."


def _unmeasurable(north_star: Written) -> Iterator[str]:
    """Metrics of the North Star that have no weekly number by the cut that is named, or no number of cases where one is needed."""
    facts = metric_facts()
    places: list[tuple[str, Place, dict[str, Any]]] = [
        (role, (role,), north_star.entry[role])
        for role in ("value", "numerator", "denominator")
        if north_star.entry.get(role)
    ]
    places += [
        ("input", ("inputs", number), each)
        for number, each in enumerate(north_star.entry.get("inputs") or [])
    ]
    for role, place, entry in places:
        measure = Measure.model_validate({key: entry.get(key) for key in Measure.model_fields})
        meta = facts.get(measure.metric)
        known = None if meta is None else Known(meta["grain"], Unit(meta["unit"]), meta.get("groupings", []))
        if told := problem_of(role, measure.metric, measure.cut(), known):
            yield f"{north_star.place(NORTH_STAR, place)}: {told}"


def _unmatched_values(own: Mapping[str, list[Written]], held: Held) -> Iterator[str]:
    """Values by which a feature tells its events (`where`) and that none of these events has."""
    asked = [
        (each, number, str(rule["event"]), str(name), value)
        for each in own.get("features", [])
        for number, rule in enumerate(each.entry.get("events") or [])
        for name, value in (rule.get("where") or {}).items()
    ]
    if not asked:
        return
    events = {event for _, _, event, _, _ in asked}
    rows = held.rows(
        "select name, property, "
        "json_extract_string(properties, '/' || replace(replace(property, '~', '~0'), '/', '~1')), count(*) "
        "from (select name, properties, unnest(cast(? as varchar[])) as property from events where list_contains(cast(? as varchar[]), name)) "
        "group by all order by 4 desc, 3",
        sorted({name for *_, name, _ in asked}),
        sorted(events),
    )
    for each, number, event, name, value in asked:
        kind = Kind(f"event `{event}`", "events", "")
        counts = {str(found): count for of, by, found, count in rows if (of, by) == (event, name)}
        names = Names(kind, counts)
        if any(of == event for of, *_ in rows) and not names.has(_as_json(value)):
            place = each.place("features", ("events", number, "where", name))
            near = names.nearest(_as_json(value))
            more = f"did you mean {names.told(near)}?" if near else f"no event `{event}` has this value."
            yield f"{place}: `{name}: {_as_json(value)}`: {more}"


def _as_json(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _unmatched_fields(own: Mapping[str, list[Written]], held: Held) -> Iterator[str]:
    """Names of sources.yml that no record of the source has."""
    for each in own.get("sources", []):
        source = str(each.entry["id"])
        if source not in held.sources:
            continue
        for key, value in each.entry.items():
            for place, kinds in _fields_of(source, key, value):
                kind, counts = _known_fields(held, source, kinds)
                names = Names(kind, counts)
                name = str(place)
                # A tag that is usual with the vendor may have met no ticket yet.
                is_usual = kinds == ("tags",) and names.nearest(name) is None
                if counts and not names.has(name) and not is_usual:
                    yield f"{each.place('sources', (key,))}: {names.missing(name)}"


def _unmatched_questions(own: Mapping[str, list[Written]], held: Held) -> Iterator[str]:
    """Refs of questions and names of hidden fields that the survey's form does not have."""
    for each in own.get("surveys", []):
        forms = held.rows(
            "select questions->>'$[*].ref', cast(hidden as varchar[]) from forms where form = ?",
            str(each.entry["form"]),
        )
        for questions, hidden in forms:
            named: list[tuple[tuple[str, ...], Any, Any, str]] = [
                ((key,), each.entry.get(key), questions, "question") for key in ("score", "comment")
            ]
            named += [
                (("hidden", key), name, hidden, "hidden field")
                for key, name in (each.entry.get("hidden") or {}).items()
            ]
            for path, name, there, kind in named:
                names = Names(Kind(f"{kind} of the form", "", ""), dict.fromkeys(there or [], 0))
                if name and not names.has(str(name)):
                    near = names.nearest(str(name))
                    meant = f"did you mean `{near}`?" if near else f"the form has no such {kind}."
                    yield f"{each.place('surveys', path)}: `{name}`: {meant}"


def _known_fields(held: Held, source: str, places: tuple[str, ...]) -> tuple[Kind, dict[str, int]]:
    """What `_fields_of` may name there, and how many records have it."""
    if places == ("tracker",):
        return Kind("field", "records", ""), _tracker_fields(held, source)
    if places == ("deals",):
        return Kind("type of deals", "deals", ""), deal_kinds(held, source)
    if places == ("tags",):
        of_source = f"from tickets where source = {literal(source)}"
        tags = f"select tag, count(*) from (select unnest(cast(tags as varchar[])) as tag {of_source}) group by all"
        return Kind("tag", "tickets", ""), held.counts(f"{tags} order by 2 desc, 1")
    return Kind("field", "records", ""), field_counts(held, source, *places)


def _fields_of(source: str, key: str, value: Any) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The fields that a setting of a source names, each with the places where it may stand."""
    vendor = vendor_of(source)
    if key in ("id", "issue_url"):
        return
    if vendor == "jira":
        yield from ((str(each), ("tracker",)) for each in (value if isinstance(value, list) else [value]))
    elif isinstance(value, dict) and "property" in value:
        for part in ("property", "currency_property"):
            if value.get(part):
                yield str(value[part]), ("companies",)
    elif key in ("spam_tags", "merge_tags"):
        yield from ((str(each), ("tags",)) for each in (value if isinstance(value, list) else [value]))
    elif key == "renewal_deals":
        yield from ((str(each), ("deals",)) for each in (value if isinstance(value, list) else [value]))
    elif isinstance(value, dict | list):
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, dict):
                places = ("group", "user_property", "event_property")
                # Mixpanel has all of them among the properties of an event.
                yield from (
                    (str(name), places if vendor == "mixpanel" else (kind,)) for kind, name in each.items()
                )
    elif key == "user":
        yield str(value), ("people",)
    elif key in ("account", "plan", "segment", "test", "churned_on", "renews_on"):
        yield str(value), ("companies", "organizations")


def _tracker_fields(held: Held, source: str) -> dict[str, int]:
    of_source = f"from tracker_fields where source = {literal(source)}"
    return held.counts(f"select name, 1 {of_source} union select field_id, 1 {of_source} order by 1")


def unmapped(registry: Registry, known: Mapping[str, Names]) -> Iterator[str]:
    """What the records have and the registry does not say, with its share; the largest by name."""
    said: Sequence[tuple[str, str, str, set[str]]] = (
        (
            "event",
            "features.yml",
            "in no feature, funnel, activation or list of passive events",
            registry.tracked_events() | passive_events(registry.exclusions),
        ),
        ("status", "stages.yml", "in no stage", {status for each in registry.stages for status in each.statuses}),
        ("project", "teams.yml", "of no team", {owned.name for each in registry.teams for owned in each.jira_projects}),
        ("repository", "teams.yml", "of no team", {owned.name for each in registry.teams for owned in each.repositories}),
        ("form", "surveys.yml", "of no survey", {each.form for each in registry.surveys}),
        ("roadmap status", "roadmap_statuses.yml", "of no stage", {each.id for each in registry.roadmap_statuses}),
        ("source of feedback", "feedback_sources.yml", "of no kind", {each.id for each in registry.feedback_sources}),
    )  # fmt: skip
    for kind, file, how, mapped in said:
        names = known[kind]
        keys = {names.key(each) for each in mapped}
        left = {
            name: number for name, number in names.counts.items() if names.key(name) not in keys and number
        }
        if left:
            share = sum(left.values()) / sum(names.counts.values())
            told = ", ".join(f"`{name}` ({number:,})" for name, number in list(left.items())[:_TOLD])
            more = f" and {len(left) - _TOLD} more" if len(left) > _TOLD else ""
            plural = _plural(names.kind.singular)
            yield (
                f"{file}: {len(left)} of {len(names.counts)} {plural} are {how}, {share:.0%} of the "
                f"{names.kind.unit}: {told}{more}."
            )


def _plural(noun: str) -> str:
    return {
        "status": "statuses",
        "roadmap status": "statuses of the roadmap",
        "repository": "repositories",
        "source of feedback": "sources of feedback",
    }.get(noun, f"{noun}s")
