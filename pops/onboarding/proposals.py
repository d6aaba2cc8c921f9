"""What each file of the registry may say, from what raw holds, with the evidence: one function a file."""

import re
from collections.abc import Iterator, Mapping, Sequence, Set

from connectors.nearest import plain_letters
from connectors.registry.schema import Registry
from pops.onboarding.candidates import features, surveys
from pops.onboarding.company_folder import slug
from pops.onboarding.names import Kind, Names, names_of, own_domains
from pops.onboarding.raw import Held
from pops.onboarding.settings_found import Setting
from pops.onboarding.source_proposals import source_settings
from pops.onboarding.writing import Proposal, scalar
from reports.reading import words_of

HEADERS: Mapping[str, str] = {
    "sources": "# What the properties, fields and tags of the tools mean that everybody names for themselves.\n",
    "stages": "# The statuses of the tracker by the stage that they mean, in the order in which work passes.\n",
    "teams": "# The teams, and the projects and repositories that they work in.\n",
    "exclusions": "# What never counts.\n",
    "delivery": "# Which of the code host's names mean what.\n",
    "features": "# A feature is used when one of its events arrives. Candidates are no features until their # is taken away.\n",
    "surveys": "# What the forms of the survey tool ask. Candidates are no surveys until their # is taken away.\n",
    "roadmap_statuses": "# What each status of the roadmap means: the stage, and the stages of a linked issue that agree with it.\n",
    "feedback_sources": "# Where feedback comes from, and its kind: web, product, experience or voice.\n",
    "themes": "# What tickets are about, by tags and by words of their subjects.\n",
    "exchange_rates": "# What one unit of another currency is worth in the home currency, from which day on.\n",
}
_IDEA = r"idea|idee|backlog|parking|nouveau|wish"
_REVIEW = r"review|revue|relect|revis|test|\bqa\b|recette|valid|pruf|check|wait|attente|wart|block|bloqu|ready for|pret a|uat|client|customer"
_PRODUCTION = r"prod|live"
_INCIDENT = r"incident|outage|panne|sev-?[0-9]|storung"
_BUG = r"\bbug|defect|defaut|anomalie|fehler"
_DELIVERED = r"done|fixed|complet|resolved|termin|fait|livre|erledigt|fertig|behoben|hecho|listo|feito|deployed|shipped"
_KINDS_OF_FEEDBACK = (
    ("product", r"app|widget|product|portal"),
    ("web", r"web|site|landing"),
    ("experience", r"survey|replay|session|nps|form"),
    ("voice", r"mail|call|phone|tel|meeting|interview|slack|chat|intercom|zendesk|sales|crm|visit"),
)


def proposals(
    held: Held, registry: Registry, own: Mapping[str, Set[str]], language: str
) -> Iterator[Proposal]:
    """All of them, after `prepare_values` and `prepare_overlaps`. `own`: by file, the ids of the organisation's own entries."""
    for found in (sources, exclusions, feedback_sources, surveys, exchange_rates):
        yield from found(held, registry)
    yield from delivery(held, registry, own.get("delivery", set()))
    of_teams = list(teams(held, registry))
    yield from of_teams
    ids = [each.id for each in registry.teams] + [each.entry_id for each in of_teams if each.entry_id]
    yield from features(held, registry, ids[0] if ids else "TEAM")
    yield from stages(held, registry, own, language)
    yield from roadmap_statuses(held, registry)


def sources(held: Held, registry: Registry) -> Iterator[Proposal]:
    known = {each.id: each.model_fields_set for each in registry.sources}
    by_source: dict[str, dict[str, list[Setting]]] = {}
    for each in source_settings(held):
        by_source.setdefault(each.source, {}).setdefault(each.key, []).append(each)
    for source, by_key in by_source.items():
        lines = [line for key, settings in by_key.items() for line in _of_setting(source, key, settings)]
        if known.get(source) == {"id"}:
            # An instance that is declared, as `pops init` does.
            yield Proposal("sources", tuple(f"{source}.{key}" for key in by_key), tuple(lines), under=source)
            continue
        if source in known:
            # What an entry says already is not looked into again; what it leaves unsaid is told.
            for key, settings in by_key.items():
                if key not in known[source]:
                    name = f"{source}.{key}"
                    told = (f"# `{name}` may be {each.value}: {each.evidence}" for each in settings)
                    yield Proposal("sources", (name,), tuple(told))
            continue
        yield Proposal("sources", (source,), (f"- id: {source}", *(f"  {line}" for line in lines)))


def _of_setting(source: str, key: str, settings: Sequence[Setting]) -> Iterator[str]:
    """The lines of an entry on one setting: proof and value, or what may be it for somebody who takes one line's sign away."""
    if not settings[0].is_candidate:
        yield f"# {settings[0].evidence}"
        yield f"{key}: {settings[0].value}"
        return
    yield f"# `{source}.{key}`: nothing proves which it is; take the first # off the line that is right"
    for each in settings:
        yield f"# {key}: {each.value}  # {each.evidence}"


def stages(held: Held, registry: Registry, own: Mapping[str, Set[str]], language: str) -> Iterator[Proposal]:
    """Every status that the records have, by the words of the platform, else by the vendor's category."""
    statuses = names_of(held, "status")
    categories = {
        str(name).casefold(): str(category)
        for name, category in held.rows("select name, category from statuses")
    }
    stage_of = {status.casefold(): each.id for each in registry.stages for status in each.statuses}
    ids = [each.id for each in registry.stages]
    placed: dict[str, list[str]] = {}
    unplaced = []
    for status in statuses.counts:
        category = categories.get(status.casefold(), "")
        stage = stage_of.get(status.casefold()) or _stage_by_category(status, category)
        if stage in ids and "stages" not in own:
            placed.setdefault(str(stage), []).append(status)
        elif status.casefold() not in stage_of:
            unplaced.append(status)
    names = words_of(registry, language).stages
    for each in registry.stages:
        if each.id in placed:
            evidence = [
                f"  # {statuses.told(status)}; category {categories.get(status.casefold()) or 'unknown'}"
                for status in placed[each.id]
            ]
            listed = ", ".join(scalar(status) for status in placed[each.id])
            entry = f"- id: {each.id}"
            lines = (
                entry, f"  name: {scalar(names.get(each.id, each.name))}", f"  flow: {each.flow}",
                f"  epic_entry: {each.epic_entry}", *evidence, f"  statuses: [{listed}]",
            )  # fmt: skip
            yield Proposal("stages", tuple(placed[each.id]), lines)
        elif placed and "stages" not in own:
            line = f"# - {{id: {each.id}, name: {scalar(names.get(each.id, each.name))}, flow: {each.flow}, epic_entry: {each.epic_entry}, statuses: []}}"
            yield Proposal("stages", (each.id,), (f"# `{each.id}`: no status is known to mean it", line))
    for status in unplaced:
        yield Proposal(
            "stages",
            (status,),
            (
                f"# Of no stage yet: {statuses.told(status)}; category {categories.get(status.casefold()) or 'unknown'}",
            ),
        )


def _stage_by_category(status: str, category: str) -> str | None:
    plain = plain_letters(status)
    if category == "done":
        return "released"
    if category == "new":
        return "idea" if re.search(_IDEA, plain) else "ready"
    if category == "indeterminate":
        return "review" if re.search(_REVIEW, plain) else "build"
    return None


def teams(held: Held, registry: Registry) -> Iterator[Proposal]:
    """A team for each project, with the repositories whose pull requests name its issues."""
    projects = names_of(held, "project")
    titles = {str(key): str(name or key) for key, name in held.rows("select project, name from projects")}
    rows = held.rows(
        """
        with named as (
            select repository, regexp_extract(names, '([A-Z][A-Z0-9_]*)-[0-9]+', 1) as project, count(*) as number
            from pull_requests group by all
        )
        select repository, project, number, sum(number) over (partition by repository) from named
        order by repository, number desc
        """
    )
    # Pull requests name no instance of the tracker.
    by_key: dict[str, list[str]] = {}
    for name in projects.counts:
        by_key.setdefault(name.rpartition(":")[2], []).append(name)
    home_of: dict[str, tuple[str, int, int]] = {}
    for repository, key, number, total in rows:
        # As in the mart: of the instance named like its vendor, else of the only one that has such a project.
        meant = [str(key)] if key in projects.counts else by_key.get(str(key), [])
        if len(meant) == 1 and number >= 2 and repository not in home_of:
            home_of[str(repository)] = (meant[0], number, total)
    taken = {owned.name.casefold() for each in registry.teams for owned in each.jira_projects}
    ids = {each.id for each in registry.teams}
    called = {each.name.strip().casefold() for each in registry.teams}
    for project, number in projects.counts.items():
        if project.casefold() in taken:
            continue
        own = {name: found for name, found in home_of.items() if found[0] == project}
        team = slug(titles.get(project, project))
        team = team if team not in ids else f"{team}-{slug(project)}"
        ids.add(team)
        # Two of one name nobody could tell apart on a page.
        title = titles.get(project, project)
        title = title if title.strip().casefold() not in called else f"{title} ({project})"
        called.add(title.strip().casefold())
        # An owner is written in plain letters.
        owner = f"team:{team}" if team.isascii() else registry.organisation[0].owner or "team:product-ops"
        evidence = [f"# `{project}`: {number:,} issues"]
        evidence += [
            f"# `{name}`: {found[1]:,} of {found[2]:,} pull requests name issues of {project}"
            for name, found in own.items()
        ]
        entry = (
            f'- {{id: {scalar(team)}, name: {scalar(title)}, owner: "{owner}", '
            f"jira_projects: [{scalar(project)}], repositories: [{', '.join(scalar(each) for each in own)}]}}"
        )
        yield Proposal("teams", (project,), (*evidence, entry), team)
    repositories = names_of(held, "repository")
    of_teams = {owned.name.casefold() for each in registry.teams for owned in each.repositories}
    for name in repositories.counts:
        if name not in home_of and name.casefold() not in of_teams:
            lines = [f"# Of no team yet: {repositories.told(name)}"]
            if not projects.counts:
                owner = registry.organisation[0].owner or "team:product-ops"
                team = scalar(slug(name))
                lines.append(
                    f'# - {{id: {team}, name: {scalar(name)}, owner: "{owner}", repositories: [{scalar(name)}]}}'
                )
            yield Proposal("teams", (name,), tuple(lines))


def exclusions(held: Held, registry: Registry) -> Iterator[Proposal]:
    known = {each.id for each in registry.exclusions}
    own = own_domains(held)
    if own and "internal_email_domains" not in known:
        people = Names(Kind("domain", "people", ""), own)
        evidence = [f"# {people.told(name)} at work in the tools" for name in own]
        listed = ", ".join(scalar(name) for name in own)
        yield Proposal(
            "exclusions", tuple(own), (*evidence, f"- {{id: internal_email_domains, values: [{listed}]}}")
        )
    resolutions = names_of(held, "resolution")
    listed_resolutions = {
        each for entry in registry.exclusions if entry.id == "issue_resolutions" for each in entry.values
    }
    done = {
        str(name).casefold() for (name,) in held.rows("select name from statuses where category = 'done'")
    }
    for name in resolutions.counts:
        delivers = name.casefold() in done or re.search(_DELIVERED, plain_letters(name))
        if name not in listed_resolutions and not delivers:
            yield Proposal(
                "exclusions",
                (name,),
                (f"# Resolution {resolutions.told(name)}: of `issue_resolutions` if it delivers nothing",),
            )


def delivery(held: Held, registry: Registry, own: Set[str]) -> Iterator[Proposal]:
    """Names beyond the platform's own for what reaches users, what is an incident and what is a bug."""
    for rule, kind, pattern in (
        ("production_environments", "environment", _PRODUCTION),
        ("incident_labels", "label", _INCIDENT),
        ("bug_labels", "label", _BUG),
    ):
        names = names_of(held, kind)
        entry = next((each for each in registry.delivery if each.id == rule), None)
        known = {each.casefold() for each in entry.values} if entry else set()
        found = [
            each
            for each in names.counts
            if re.search(pattern, plain_letters(each)) and each.casefold() not in known
        ]
        if found:
            evidence = [f"# {names.told(each)}" for each in found]
            # Compared without case: one way to write a name is enough.
            there = {each.casefold(): each for each in names.counts if each.casefold() in known}
            values = [*there.values(), *found]
            listed = ", ".join(scalar(each) for each in values)
            if rule in own:
                yield Proposal("delivery", tuple(found), tuple(f"{each}: of `{rule}`?" for each in evidence))
                continue
            yield Proposal("delivery", tuple(found), (*evidence, f"- {{id: {rule}, values: [{listed}]}}"))
        elif rule == "production_environments" and not known & {each.casefold() for each in names.counts}:
            for name in names.counts:
                told = f"# {names.told(name)}: does it reach users?"
                yield Proposal("delivery", (name,), (told, f"# - {{id: {rule}, values: [{scalar(name)}]}}"))
    if "issue_repositories" not in own and not names_of(held, "project").counts:
        tracking = names_of(held, "tracking repository")
        if tracking.counts:
            listed = ", ".join(scalar(each) for each in tracking.counts)
            evidence = [f"# {tracking.told(each)}; no other tracker was read" for each in tracking.counts]
            line = f"- {{id: issue_repositories, values: [{listed}]}}"
            yield Proposal("delivery", tuple(tracking.counts), (*evidence, line))


def feedback_sources(held: Held, registry: Registry) -> Iterator[Proposal]:
    names = names_of(held, "source of feedback")
    known = {each.id.casefold() for each in registry.feedback_sources}
    for name in names.counts:
        if name.casefold() not in known:
            kind = next(
                (kind for kind, pattern in _KINDS_OF_FEEDBACK if re.search(pattern, plain_letters(name))),
                None,
            )
            entry = (
                f"- {{id: {scalar(name)}, kind: {kind}}}" if kind else f"# - {{id: {scalar(name)}, kind: }}"
            )
            yield Proposal("feedback_sources", (name,), (f"# {names.told(name)}", entry))


def roadmap_statuses(held: Held, registry: Registry) -> Iterator[Proposal]:
    """The statuses of the roadmap, where the platform does not know them all."""
    names = names_of(held, "roadmap status")
    known = {each.id.casefold(): each for each in registry.roadmap_statuses}
    stage_of = {status.casefold(): each.id for each in registry.stages for status in each.statuses}
    if all(name.casefold() in known for name in names.counts):
        return
    for name in names.counts:
        entry = known.get(name.casefold())
        stage = entry.stage if entry else stage_of.get(name.casefold())
        if stage is None:
            yield Proposal("roadmap_statuses", (name,), (f"# Of no stage yet: {names.told(name)}",))
            continue
        agrees = ", ".join(entry.agrees_with) if entry else stage
        rest = ", is_active: false" if (entry and not entry.is_active) or stage == "released" else ""
        line = f"- {{id: {scalar(name)}, stage: {stage}, agrees_with: [{agrees}]{rest}}}"
        yield Proposal("roadmap_statuses", (name,), (f"# {names.told(name)}", line))


def exchange_rates(held: Held, registry: Registry) -> Iterator[Proposal]:
    home = registry.organisation[0].home_currency
    known = {each.currency for each in registry.exchange_rates}
    for currency, number in held.counts(
        "select currency, count(*) from deals where currency <> '' group by all order by 2 desc, 1"
    ).items():
        if currency != home and currency not in known:
            told = f"# `{currency}`: {number:,} deals; without a rate the CRM's own figure counts, where it has one"
            entry = f"# - {{id: {currency.lower()}, from: , currency: {currency}, rate: }}"
            yield Proposal("exchange_rates", (currency,), (told, entry))
