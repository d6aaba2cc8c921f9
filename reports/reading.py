"""From the published mart to what the report says. The same mart, week and registry give the same report."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pandas as pd

from checks.contract import CheckStatus
from connectors import SOURCES, connector_class
from connectors.registry.files import load_registry, registry_dir
from connectors.registry.schema import Registry
from connectors.registry.stages import COMPUTED_STAGES
from connectors.storage import open_duckdb
from metrics.answers import names_of_members
from metrics.catalogue import read_definitions, week_starts_on_of
from reports.experiments import experiments_of, learnings_of
from reports.facts import facts_of
from reports.irritants import irritants_of
from reports.language import language, typeset
from reports.launches import launches_of
from reports.model import HealthReport, SourceStatus, Target, Words
from reports.north_star import in_its_language, north_star_of
from reports.registry_changes import read_changes
from reports.restatements import restatements, revisions
from reports.samples import samples_of
from reports.signals import signals_of
from settings.home import OLD_AFTER
from settings.published import of_any_release
from settings.weeks import named_week, start_of_week, week_name


def last_complete_week(published: Path) -> str:
    """The week before the one in which the published `as_of` lies. Raises ValueError without a published mart."""
    with open_mart(published) as mart:
        return week_name(start_of_week(_as_of(mart), week_starts_on_of(mart)) - timedelta(days=7))


@contextmanager
def open_mart(published: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published mart, read-only. Raises ValueError when nothing is published, or what another release publishes."""
    if not published.exists():
        raise ValueError(f"Nothing is published yet at {published}: run `pops nightly` or `make demo` first.")
    with of_any_release(published), open_duckdb(published, read_only=True) as mart:
        yield mart


def _as_of(mart: duckdb.DuckDBPyConnection) -> date:
    row = mart.execute("select as_of from meta.publication").fetchone()
    if row is None:
        raise ValueError("The published mart has no row in meta.publication: publish it again.")
    found: date = row[0]
    return found


def first_day_in(published: Path, week: str) -> date:
    """The first day of a week such as 2026-W46 in the published mart. Raises ValueError for anything else."""
    with open_mart(published) as mart:
        return named_week(week, week_starts_on_of(mart))


def health_report(
    published: Path,
    week_start: date,
    withheld: tuple[str, ...] = (),
    language_code: str = "en",
) -> HealthReport:
    """What the report of the week that begins on `week_start` says, in a language.

    `withheld`: why the newest night was not published. Raises ValueError when nothing is published, for a week that is
    not over or lies before the mart's history, and for a language without a catalogue.
    """
    say = language(language_code)
    registry = load_registry(registry_dir())
    with open_mart(published) as mart:
        as_of = _as_of(mart)
        if week_start + timedelta(days=7) > as_of:
            raise ValueError(
                f"The week of {week_start} is not over in the published mart, which is as of {as_of}."
            )
        features = mart.execute(
            """
            select week.*, feature.launched_on, feature.live_until, feature.adoption_target
            from mart.mart_feature_week as week
            join mart.dim_feature as feature on week.feature_id = feature.feature_id
            where week.week_start = ?
            """,
            [week_start],
        ).df()
        ((first_day,),) = mart.execute("select min(period_start) from metrics.metric_values").fetchall()
        if first_day is not None and week_start + timedelta(days=6) < first_day:
            raise ValueError(
                f"The published mart knows nothing of the week of {week_start}: its first number is of {first_day}."
            )
        values = mart.execute(
            "select * from metrics.metric_values where is_current and grain <> 'day' and period_start <= ?",
            [week_start + timedelta(days=6)],
        ).df()
        values["period_start"] = pd.to_datetime(values["period_start"]).dt.date
        organisation, zone = mart.execute(
            "select organisation_name, reporting_time_zone from mart.dim_organisation"
        ).fetchall()[0]
        star = north_star_of(mart, language_code)
        definitions = in_its_language(read_definitions(mart), star)
        return HealthReport(
            organisation=organisation,
            reporting_time_zone=zone,
            week_starts_on=week_starts_on_of(mart),
            week_start=week_start,
            as_of=as_of,
            values=values,
            definitions=definitions,
            targets=_targets(mart),
            features=features,
            names={**names_of_members(mart), **_names(registry, "role", language_code)},
            coverage=mart.execute(
                "select * from mart.mart_metric_coverage order by source, subject, check_name"
            ).df(),
            sources=_sources(mart),
            checks=tuple(
                CheckStatus(*row)
                for row in mart.execute(
                    "select asset, check_name, passed, severity, owner, meaning, observed from meta.checks order by all"
                ).fetchall()
            ),
            withheld=withheld,
            words=words_of(registry, language_code),
            restatements=restatements(mart, week_start, definitions),
            registry_changes=read_changes(mart),
            expected_use=registry.organisation[0].expected_use,
            revision=len(revisions(mart, week_start, definitions)) + 1,
            say=say,
            samples=samples_of(mart),
            owners=owners_of(registry, as_of),
            remarks=tuple(registry.remarks),
            surveys_since=_surveys_since(mart, registry),
            facts=facts_of(mart, week_start, as_of),
            currency=registry.organisation[0].home_currency,
            launches=launches_of(mart, week_start + timedelta(days=6)),
            experiments=experiments_of(mart, week_start + timedelta(days=6)),
            learnings=learnings_of(mart, week_start + timedelta(days=6), zone),
            irritants=irritants_of(mart, week_start + timedelta(days=6), as_of),
            signals=signals_of(mart, week_start),
            source_names=_titles(),
            north_star=star,
            issue_urls=registry.issue_urls(),
        )


def _titles() -> dict[str, str]:
    """By source, its name as the vendor writes it; none of what no vendor sells."""
    return {each: connector_class(each).title for each in SOURCES if each not in ("files", "registry")}


def _surveys_since(mart: duckdb.DuckDBPyConnection, registry: Registry) -> dict[str, date]:
    names = {each.id: each.name for each in registry.surveys}
    rows = mart.execute(
        "select survey_id, min(answered_date) from mart.fct_survey_response group by 1 order by 1"
    )
    return {names.get(survey, survey): day for survey, day in rows.fetchall() if day is not None}


def owners_of(registry: Registry, day: date) -> dict[str, str]:
    """Who answers for each product, team and feature on a day, by id: a feature is its team's."""
    of_teams = {each.id: each.owner for each in registry.teams}
    return {
        **{each.id: each.owner for each in registry.products},
        **of_teams,
        **{each.id: of_teams[team] for each in registry.features if (team := each.team_on(day)) in of_teams},
        **{each.id: each.owner for each in registry.funnels},
    }


def words_of(registry: Registry, language_code: str = "en") -> Words:
    """What the registry calls stages and segments: names in a language where the glossary has them, else in English."""
    stages = {each.id: each.name for each in registry.stages}
    named = {kind: _names(registry, kind, language_code) for kind in ("stage", "segment")}
    computed = {stage: name for stage, name in named["stage"].items() if stage not in stages}
    return Words(
        stages={**stages, **computed, **named["stage"]},
        segments=named["segment"],
        outer_stages=frozenset(
            {each.id for each in registry.stages if each.epic_entry in ("created", "released")}
            | COMPUTED_STAGES
        ),
    )


def _names(registry: Registry, kind: str, language_code: str) -> dict[str, str]:
    """Names by id that the glossary gives to entries of a kind, in its order."""
    found = {
        each.id: (typeset(each.fr.name) if language_code == "fr" and each.fr.name else None) or each.name
        for each in registry.glossary
        if each.kind == kind
    }
    return {identifier: name for identifier, name in found.items() if name}


def _targets(mart: duckdb.DuckDBPyConnection) -> dict[str, Target]:
    rows = mart.execute("select metric, at_least, at_most from mart.dim_target").fetchall()
    return {metric: Target(at_least, at_most) for metric, at_least, at_most in rows}


def _sources(mart: duckdb.DuckDBPyConnection) -> tuple[SourceStatus, ...]:
    rows = mart.execute(
        "select source, family, outcome, read_until, night_until, records from meta.sources order by source"
    ).fetchall()
    return tuple(
        SourceStatus(
            source=source,
            family=family,
            outcome=outcome,
            read_until="never" if read_until is None else f"{read_until:%Y-%m-%d %H:%M}",
            records=records,
            is_stale=outcome != "off"
            and (read_until is None or night_until - read_until > OLD_AFTER or outcome != "ok"),
        )
        for source, family, outcome, read_until, night_until, records in rows
    )
