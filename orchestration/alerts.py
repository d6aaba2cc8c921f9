"""What owners are told of: failed nights, blocked publications and stale data, as Dagster knows them."""

import os
from datetime import UTC, datetime

import dagster as dg
from dagster import DagsterEventType, DagsterInstance, DagsterRunStatus

from checks.blockers import Blocker
from checks.contract import CheckStatus
from messages.alerts import tell_owners
from messages.channels import slack_settings
from messages.incidents import Facts, Problem
from orchestration.evaluations import blockers, check_evaluations, told_once
from orchestration.keys import ARRIVED, GATE, PUBLISHED_MART
from settings.home import OLD_AFTER, Home
from settings.links import Links, links
from settings.owners import PLATFORM, owner_of

JOBS = ("nightly", "weekly_report")
_MOST_LINES = 5


def present_facts(instance: DagsterInstance, now: datetime, addresses: Links) -> Facts:
    """What Dagster knows: how the newest finished run of each job ended, what its checks found, how old the mart is."""
    problems: list[Problem] = []
    judged: set[str] = set()
    for job in JOBS:
        run = _newest_finished(instance, job)
        if run is None:
            continue
        checks = check_evaluations(instance, run.run_id)
        link = addresses.run(run.run_id)
        found = blockers(instance, run.run_id)
        blocking = [each for each in found if each.kind != "step"]
        judged.add(f"failed/{job}")
        if run.status is DagsterRunStatus.FAILURE and not blocking:
            problems.append(_failed(instance, run, found, link))
        if job == "nightly":
            problems += [*_blocked(blocking, run.run_id, link), *_unread(checks, run.run_id, link)]
            judged |= {f"stale/{source}" for source in _sources(checks)}
            if run.is_success or any(check.check == GATE for check in checks) or blocking:
                judged.add("blocked")
    published = instance.get_latest_materialization_event(PUBLISHED_MART)
    if published is not None:
        judged.add("stale/published mart")
        at = datetime.fromtimestamp(published.timestamp, UTC)
        if now - at > OLD_AFTER:
            problems.append(_old_mart(at, published.run_id, addresses.run(published.run_id)))
    return Facts(tuple(problems), frozenset(judged))


def _newest_finished(instance: DagsterInstance, job: str) -> dg.DagsterRun | None:
    finished = dg.RunsFilter(job_name=job, statuses=[DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE])
    found = instance.get_runs(filters=finished, limit=1)
    return found[0] if found else None


def _failed(instance: DagsterInstance, run: dg.DagsterRun, steps: list[Blocker], link: str) -> Problem:
    published = instance.get_records_for_run(
        run.run_id, of_type=DagsterEventType.ASSET_MATERIALIZATION, limit=10_000
    )
    is_published = any(record.asset_key == PUBLISHED_MART for record in published.records)
    sentences = [step.sentence for step in steps]
    lines = [*_few(sentences, "steps")] if steps else ["The run ended before a step could say why."]
    if run.job_name == "nightly":
        lines.append(
            "The mart of this night is published."
            if is_published
            else "Nothing was published: readers keep the last sound mart."
        )
    return Problem(
        "failed", run.job_name, owner_of(PLATFORM), run.run_id, f"{run.job_name} failed", tuple(lines), link
    )


def _blocked(blocking: list[Blocker], run_id: str, link: str) -> list[Problem]:
    """One problem an owner, whatever the number of checks and models."""
    by_owner: dict[str, list[str]] = {}
    for each in blocking:
        by_owner.setdefault(each.owner or owner_of(PLATFORM), []).append(each.sentence)
    return [
        Problem(
            "blocked",
            owner,
            owner,
            run_id,
            "The publication is blocked: readers keep the last sound mart",
            _few(sentences, "reasons"),
            link,
        )
        for owner, sentences in by_owner.items()
    ]


def _sources(checks: list[CheckStatus]) -> set[str]:
    return {check.asset.split("/")[1] for check in checks if check.check == ARRIVED}


def _unread(checks: list[CheckStatus], run_id: str, link: str) -> list[Problem]:
    by_source: dict[str, list[CheckStatus]] = {}
    for check in checks:
        if check.check == ARRIVED and not check.passed:
            by_source.setdefault(check.asset.split("/")[1], []).append(check)
    return [
        Problem(
            "stale",
            source,
            owner_of(source),
            run_id,
            f"{source} was not read: its numbers are as old as its last good reading",
            _few([check.observed for check in told_once(failed) if check.observed], "reasons"),
            link,
        )
        for source, failed in by_source.items()
    ]


def _old_mart(at: datetime, run_id: str, link: str) -> Problem:
    return Problem(
        "stale",
        "published mart",
        owner_of(PLATFORM),
        run_id,
        "The published mart is old",
        (
            f"It was last published at {at:%Y-%m-%d %H:%M} UTC. Is the schedule `nightly` on, and the daemon running?",
        ),
        link,
    )


def _few(sentences: list[str], what: str) -> tuple[str, ...]:
    more = len(sentences) - _MOST_LINES
    return (*sentences[:_MOST_LINES], *([f"{more} more {what} stand in the run."] if more > 0 else []))


@dg.sensor(
    name="owner_alerts",
    minimum_interval_seconds=300,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Tells owners in Slack of failed nights, blocked publications and stale data, and when they are over.",
)
def owner_alerts(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """What cannot be delivered is tried again at the next tick."""
    if slack_settings(os.environ) is None:
        return dg.SkipReason("Slack is off: set POPS_SLACK_BOT_TOKEN and what belongs to it.")
    facts = present_facts(context.instance, datetime.now(UTC), links(os.environ))
    told = tell_owners(Home.from_environment(), facts)
    return dg.SkipReason(f"{told} messages, {len(facts.problems)} problems now.")
