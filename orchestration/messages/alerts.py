"""Tells owners in Slack of failed nights, blocked publications and stale data: once, with a link, and when it is over."""

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

import dagster as dg
from dagster import DagsterEventType, DagsterInstance, DagsterRunStatus

from orchestration.evaluations import GATE, check_evaluations
from orchestration.home import Home
from orchestration.ingestion import ARRIVED
from orchestration.messages.delivery import DeliveryFailed, Links, SlackSettings, links, slack_settings
from orchestration.messages.incidents import Facts, Notice, Problem, State, advance, delivered
from orchestration.messages.notices import Notices
from orchestration.messages.slack import Chat
from orchestration.ownership import PLATFORM, owner_of, slack_channels, slack_mentions
from orchestration.products import PUBLISHED_MART
from reports.alert import alert_post
from reports.model import CheckStatus

JOBS = ("nightly", "weekly_report")
# A day and the time that a night may take, as in the assets' freshness policies.
OLD_AFTER = timedelta(hours=30)
_STATE = "incidents"
# A message that is still due may have been posted by a try that got no answer, at most so long ago.
_LONGEST_OUTAGE = timedelta(days=7)
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
        blocking = [check for check in checks if check.blocks and check.check != GATE]
        judged.add(f"failed/{job}")
        if run.status is DagsterRunStatus.FAILURE and not blocking:
            problems.append(_failed(instance, run, link))
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


def tell_owners(
    home: Home,
    facts: Facts,
    env: Mapping[str, str] = os.environ,
    chat: Callable[[SlackSettings, Notices], Chat] = Chat,
) -> int:
    """Bring the owners up to date; how many messages that took. Nothing happens while Slack is off.

    A message that cannot be delivered stays due, and the others are delivered all the same; then DeliveryFailed is
    raised with the first reason.
    """
    settings = slack_settings(env)
    if settings is None:
        return 0
    with Notices(home.notices) as notices:
        with notices.alone():
            state = advance(State.from_json(notices.state(_STATE)), facts)
            notices.keep_state(_STATE, state.to_json())
        if not state.due:
            return 0
        speaker = chat(settings, notices)
        done: list[str] = []
        failures: list[DeliveryFailed] = []
        for notice in state.due:
            try:
                _deliver(speaker, notice, slack_channels().get(notice.problem.owner, settings.owners_channel))
                done.append(notice.key)
            except DeliveryFailed as failure:
                failures.append(failure)
        with notices.alone():
            left = delivered(State.from_json(notices.state(_STATE)), done)
            notices.keep_state(_STATE, left.to_json())
    if failures:
        raise failures[0]
    return len(done)


def _deliver(chat: Chat, notice: Notice, channel: str) -> None:
    """What is over is said in the thread of its beginning, and shown in the channel."""
    problem = notice.problem
    text, blocks = alert_post(
        problem.title,
        problem.lines,
        problem.link,
        slack_mentions().get(problem.owner, ""),
        problem.owner,
        notice.is_over,
    )
    thread = chat.known(notice.beginning, channel) if notice.is_over else ""
    since = datetime.now(UTC) - _LONGEST_OUTAGE
    chat.say(notice.key, channel, text, blocks, since, thread=thread, broadcast=True)


def _newest_finished(instance: DagsterInstance, job: str) -> dg.DagsterRun | None:
    finished = dg.RunsFilter(job_name=job, statuses=[DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE])
    found = instance.get_runs(filters=finished, limit=1)
    return found[0] if found else None


def _failed(instance: DagsterInstance, run: dg.DagsterRun, link: str) -> Problem:
    failures = instance.get_records_for_run(run.run_id, of_type=DagsterEventType.STEP_FAILURE, limit=100)
    steps = [str(record.event_log_entry.step_key) for record in failures.records]
    published = instance.get_records_for_run(
        run.run_id, of_type=DagsterEventType.ASSET_MATERIALIZATION, limit=10_000
    )
    is_published = any(record.asset_key == PUBLISHED_MART for record in published.records)
    lines = [f"Failed: {', '.join(steps)}." if steps else "The run ended before a step could say why."]
    if run.job_name == "nightly":
        lines.append(
            "The mart of this night is published."
            if is_published
            else "Nothing was published: readers keep the last sound mart."
        )
    return Problem(
        "failed", run.job_name, owner_of(PLATFORM), run.run_id, f"{run.job_name} failed", tuple(lines), link
    )


def _blocked(blocking: list[CheckStatus], run_id: str, link: str) -> list[Problem]:
    """One problem an owner, whatever the number of checks."""
    by_owner: dict[str, list[str]] = {}
    for check in blocking:
        observed = f" Observed: {check.observed}." if check.observed else ""
        by_owner.setdefault(check.owner or owner_of(PLATFORM), []).append(f"{check.sentence}{observed}")
    return [
        Problem(
            "blocked",
            owner,
            owner,
            run_id,
            "The publication is blocked: readers keep the last sound mart",
            _few(sentences, "checks"),
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
            _few(list(dict.fromkeys(check.observed for check in failed if check.observed)), "reasons"),
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
