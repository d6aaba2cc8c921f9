"""The weekly digest on its way out: read from the published mart, told once for each week, revision and channel."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import duckdb

from messages.alerts import tell_owners
from messages.channels import (
    DeliveryFailed,
    MailSettings,
    SlackSettings,
    mail_settings,
    slack_settings,
)
from messages.incidents import Facts, Problem
from messages.mail import send_once
from messages.notices import Notices
from messages.slack import Chat
from metrics.dimensions import IS_WHOLE
from reports.digest import METRICS, Digest, Known, digest_of
from reports.digest_mail import digest_text, mail_of
from reports.digest_slack import slack_post
from reports.files import read_report
from reports.reading import open_mart
from reports.restatements import revisions
from settings.home import Home
from settings.links import links
from settings.owners import owner_of, slack_mentions
from settings.weeks import named_week

_HELD = "held"


@dataclass(frozen=True)
class Delivery:
    """A way out, and what came of it: posted, updated, unchanged, sent, held, ..."""

    way: str
    outcome: str


def read_digest(home: Home, week: str | None, env: Mapping[str, str]) -> Digest:
    """The digest of a week of the published mart (default: its last complete one). Raises ValueError as the report does."""
    report = read_report(home, week, env)
    with open_mart(home.published) as mart:
        restated_on = [each.as_of for each in revisions(mart, report.week_start, report.definitions)]
        known = _known_of(mart, report.week_start)
    return digest_of(report, known, restated_on, links(env).report(report.week))


def deliver(
    home: Home,
    digest: Digest,
    env: Mapping[str, str],
    now: datetime,
    anyway: bool = False,
    chat: Callable[[SlackSettings, Notices], Chat] = Chat,
) -> list[Delivery]:
    """Send a digest by every way that is on. While there are reasons to wait, the owners are told instead of leadership.

    `anyway`: send it in spite of them. Raises DeliveryFailed when a way fails, after the others were tried.
    """
    slack, mail = slack_settings(env), mail_settings(env)
    deliveries: list[Delivery] = []
    failures: list[DeliveryFailed] = []
    with Notices(home.notices) as notices:
        is_held = bool(digest.reasons_to_wait) and not anyway and not _is_out(notices, digest, slack)
        ways: list[tuple[str, Callable[[], str]]] = []
        if slack is not None:
            ways.append(("slack", lambda: _post(chat(slack, notices), slack, digest)))
        if mail is not None:
            ways.append(("mail", lambda: _mail(notices, mail, digest, now)))
        for way, send in ways:
            try:
                deliveries.append(Delivery(way, _HELD if is_held else send()))
            except DeliveryFailed as failure:
                failures.append(failure)
    tell_owners(home, _hold(digest, is_held), env, chat)
    if failures:
        raise failures[0]
    return deliveries


def dry_run(digest: Digest, env: Mapping[str, str]) -> str:
    """What would be sent and where, in plain text; asks nobody and sends nothing."""
    slack, mail = slack_settings(env), mail_settings(env)
    ways = [f"Slack channel {slack.channel}"] if slack else []
    ways += [f"mail to {len(mail.recipients)} recipients"] if mail else []
    told = ["", f"It would go to: {', '.join(ways) or 'nobody, as neither Slack nor mail is set'}."]
    if digest.reasons_to_wait:
        told += [
            "It would wait, and the owners would be told:",
            *(f"- {each}" for each in digest.reasons_to_wait),
        ]
    return digest_text(digest) + "\n".join(told)


def run_digest(week: str | None, is_dry: bool, anyway: bool, env: Mapping[str, str]) -> str:
    """The command `pops digest`: what it prints. Raises ValueError when no way out is set, and as `deliver` does."""
    home = Home.from_environment()
    digest = read_digest(home, week, env)
    if is_dry:
        return dry_run(digest, env)
    deliveries = deliver(home, digest, env, datetime.now(UTC), anyway)
    if not deliveries:
        raise ValueError(
            "The digest has no way out: set POPS_SLACK_BOT_TOKEN or POPS_SMTP_URL and what belongs to it, or use --dry-run."
        )
    reasons = "".join(f"\n- {each}" for each in digest.reasons_to_wait) if _is_held(deliveries) else ""
    return "\n".join(f"{each.way}: {each.outcome}" for each in deliveries) + reasons


def _is_held(deliveries: list[Delivery]) -> bool:
    return any(each.outcome == _HELD for each in deliveries)


def _post(chat: Chat, slack: SlackSettings, digest: Digest) -> str:
    """The message, what did not fit as replies, and the chart below; a later revision replies to the first that was told."""
    post = slack_post(digest, slack_mentions())
    channel, since = slack.channel, _earliest(digest)
    first = next((ts for key in reversed(digest.earlier_keys) if (ts := chat.known(key, channel))), "")
    head = chat.say(digest.key, channel, post.text, post.parts[0], since, thread=first, broadcast=True)
    thread = first or head.ts
    if head.outcome == "removed":
        return head.outcome
    for number, blocks in enumerate(post.parts[1:], 2):
        chat.say(f"{digest.key}/part-{number}", channel, post.text, blocks, since, thread=thread)
    number = len(post.parts) + 1
    while chat.withdraw(f"{digest.key}/part-{number}", channel):
        number += 1
    if digest.chart is not None:
        name = f"digest-{digest.week}-{digest.edition}.png"
        chat.show(f"{digest.key}/chart", channel, thread, digest.chart, name, digest.chart_caption)
    return head.outcome


def _mail(notices: Notices, mail: MailSettings, digest: Digest, now: datetime) -> str:
    return send_once(
        mail, notices, digest.key, mail_of(digest), digest.chart, now, answers=digest.earlier_keys
    )


def _is_out(notices: Notices, digest: Digest, slack: SlackSettings | None) -> bool:
    """Whether this very digest was told already: then nobody waits for it."""
    return slack is not None and notices.told(digest.key, slack.channel) is not None


def _hold(digest: Digest, is_held: bool) -> Facts:
    problem = Problem(
        _HELD,
        "digest",
        owner_of("product"),
        digest.week,
        f"The digest of {digest.week} waits: leadership gets it when the data are whole",
        (*digest.reasons_to_wait, "`pops digest --anyway` sends it as it is."),
    )
    return Facts((problem,) if is_held else (), frozenset({_HELD}))


def _earliest(digest: Digest) -> datetime:
    """No message on a week is older than the week's end, by whichever first day and clock: a day is left for that."""
    ended = named_week(digest.week, "sunday") + timedelta(days=6)
    return min(datetime.combine(ended, time(), UTC), datetime.now(UTC)) - timedelta(days=1)


def _known_of(mart: duckdb.DuckDBPyConnection, week_start: date) -> list[Known]:
    """Everything ever known of the week's totals."""
    rows = mart.execute(
        f"""
        select metric, as_of, revision, value
        from metrics.metric_values
        where grain = 'week' and period_start = ? and list_contains(?, metric)
            and {IS_WHOLE}
        """,
        [week_start, list(METRICS)],
    ).fetchall()
    return [Known(*row) for row in rows]
