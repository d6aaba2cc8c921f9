"""The jobs, their schedules, and what happens when a night cannot publish."""

import os
from collections.abc import Iterator, Mapping
from datetime import timedelta

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from connectors.instances import vendors_of
from connectors.settings import chosen_sources
from orchestration.evaluations import blockers
from orchestration.keys import (
    DATA_AGE,
    DIGEST,
    FAILING_NOW,
    HEALTH_REPORT,
    PRELOADED,
    PUBLISHED_MART,
    target_key,
)
from orchestration.runs import AS_OF_TAG
from publication.targets import SERVED
from reports.files import mark_withheld
from settings.home import Home
from settings.night import night_at, reporting_zone
from settings.weeks import week_name, week_starts_on

# Sources load side by side. A fork of a process that has done the slow imports starts a step in a blink.
_EXECUTOR = dg.multiprocess_executor.configured(
    {"max_concurrent": 4, "start_method": {"forkserver": {"preload_modules": [PRELOADED]}}}
)


# Every event is in the event log: printed too, they would hide what libraries print.
_PRINTED = {"loggers": {"console": {"config": {"log_level": "WARNING"}}}}

# The longest that a night should take; the week's report is written then.
_NIGHT_TAKES_HOURS = 5
# As cron counts the days of a week.
_CRON_DAYS = {"sunday": 0, "monday": 1}
_AFTER_PUBLICATION = {
    key.to_python_identifier()
    for key in (HEALTH_REPORT, DIGEST, *(target_key(target.name) for target in SERVED))
}


@dg.failure_hook(name="tell_readers")
def tell_readers(context: dg.HookContext) -> None:
    """Yesterday's mart stays; the newest report says that it does, and why. What fails after publication holds nothing."""
    if context.step_key in _AFTER_PUBLICATION:
        return
    found = blockers(context.instance, context.run_id)
    mark_withheld(Home.from_environment(), [blocker.sentence for blocker in found])


def build_nightly(env: Mapping[str, str] = os.environ) -> UnresolvedAssetJobDefinition:
    """The night of the sources that are on, by `env`: one that is off costs no process and no event."""
    on = chosen_sources(env)
    off = [["raw", source] for source in vendors_of(env) if source not in on]
    left_out = dg.AssetSelection.key_prefixes(["vendor"], *off)
    # How old a mart is, and what fails, shows after the night, not in it.
    standing = dg.AssetSelection.checks(
        *(dg.AssetCheckKey(PUBLISHED_MART, name) for name in (DATA_AGE, FAILING_NOW))
    )
    return dg.define_asset_job(
        "nightly",
        selection=dg.AssetSelection.all() - left_out - standing,
        description="Reads every source, builds and audits the mart, publishes it when it is sound, and writes the report.",
        executor_def=_EXECUTOR,
        config=_PRINTED,
        hooks={tell_readers},
    )


nightly = build_nightly()

weekly_report = dg.define_asset_job(
    "weekly_report",
    selection=dg.AssetSelection.assets(HEALTH_REPORT, DIGEST),
    description="Writes the health report of the last complete week from the published mart, and sends its digest.",
    executor_def=dg.in_process_executor,
)


def build_schedules(env: Mapping[str, str] = os.environ) -> list[dg.ScheduleDefinition]:
    """Both schedules run in the reporting time zone, in which a night's date and a week begin.

    Raises ValueError when `POPS_NIGHT_AT` is no hour.
    """
    zone, at = reporting_zone().key, night_at(env)
    days, hour = divmod(at.hour + _NIGHT_TAKES_HOURS, 24)

    @dg.schedule(
        job=nightly, cron_schedule=f"{at.minute} {at.hour} * * *", execution_timezone=zone, name="nightly"
    )
    def nightly_schedule(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest]:
        """Every night at the hour of `POPS_NIGHT_AT`."""
        as_of = context.scheduled_execution_time.date().isoformat()
        yield dg.RunRequest(run_key=as_of, tags={AS_OF_TAG: as_of})

    @dg.schedule(
        job=weekly_report,
        cron_schedule=f"{at.minute} {hour} * * {(_CRON_DAYS[week_starts_on()] + days) % 7}",
        execution_timezone=zone,
        name="weekly_report",
    )
    def weekly_schedule(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest]:
        """Hours after the night of a week's first day, when it has published the week before."""
        as_of = context.scheduled_execution_time.date() - timedelta(days=days)
        yield dg.RunRequest(run_key=week_name(as_of - timedelta(days=7)), tags={AS_OF_TAG: as_of.isoformat()})

    return [nightly_schedule, weekly_schedule]
