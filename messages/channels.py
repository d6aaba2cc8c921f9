"""Where digests and alerts go: settings from the environment, off when none of a way's variables is set."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

from connectors.addresses import is_loopback, wrong_with
from connectors.redaction import redact, remember_secrets
from settings.links import web_address

SLACK_API = "https://slack.com/api/"
_CHANNEL = re.compile(r"[CG][A-Z0-9]{8,20}")
_SLACK = ("POPS_SLACK_BOT_TOKEN", "POPS_SLACK_CHANNEL", "POPS_SLACK_OWNERS_CHANNEL")
_MAIL = ("POPS_SMTP_URL", "POPS_DIGEST_EMAIL_TO", "POPS_DIGEST_EMAIL_FROM")


class DeliveryFailed(ValueError):
    """A message did not arrive, or nobody knows whether it did: what, where and the remedy, without secrets."""

    def __init__(self, what: str) -> None:
        super().__init__(redact(what))


@dataclass(frozen=True)
class SlackSettings:
    """`channel`: leadership's; `owners_channel`: of those who keep the platform."""

    token: str = field(repr=False)
    channel: str
    owners_channel: str
    base_url: str = SLACK_API


@dataclass(frozen=True)
class MailSettings:
    """`is_wrapped`: TLS from the first byte (smtps), else STARTTLS; `is_local`: a server on this host needs neither."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    is_wrapped: bool
    is_local: bool
    recipients: tuple[str, ...] = field(repr=False)
    sender: str


def slack_settings(env: Mapping[str, str]) -> SlackSettings | None:
    """POPS_SLACK_*; None when Slack is off. Raises ValueError naming the variable, never its value."""
    given = _given(env, _SLACK, "Slack")
    if given is None:
        return None
    token, channel, owners_channel = given
    for name, value in (("POPS_SLACK_CHANNEL", channel), ("POPS_SLACK_OWNERS_CHANNEL", owners_channel)):
        if not _CHANNEL.fullmatch(value):
            raise ValueError(
                f"{name} is no channel id: copy it from the end of the channel's details in Slack, such as C0123456789."
            )
    remember_secrets([token])
    base_url = web_address(env, "POPS_SLACK_BASE_URL") or SLACK_API
    if problem := wrong_with(base_url):
        raise ValueError(f"POPS_SLACK_BASE_URL {problem}.")
    return SlackSettings(token, channel, owners_channel, base_url.rstrip("/") + "/")


def mail_settings(env: Mapping[str, str]) -> MailSettings | None:
    """POPS_SMTP_URL (smtps://user:password@host:465 or smtp://...:587) and addresses; None when mail is off.

    Raises ValueError naming the variable, never its value.
    """
    given = _given(env, _MAIL, "mail")
    if given is None:
        return None
    url, to, sender = given
    found = _smtp(url)
    user, password = unquote(found.username or ""), unquote(found.password or "")
    remember_secrets([password, url])
    recipients = tuple(each.strip() for each in to.split(",") if each.strip())
    for name, addresses in (("POPS_DIGEST_EMAIL_TO", recipients), ("POPS_DIGEST_EMAIL_FROM", (sender,))):
        if not addresses or not all(re.fullmatch(r"[^@\s<>]+@[^@\s<>]+", each) for each in addresses):
            raise ValueError(f"{name} is no address, or no list of addresses separated by commas.")
    is_wrapped = found.scheme == "smtps"
    host = str(found.hostname)
    is_local = is_loopback(host) and not is_wrapped and not user
    port = found.port or (465 if is_wrapped else 587)
    return MailSettings(host, port, user, password, is_wrapped, is_local, recipients, sender)


def _given(env: Mapping[str, str], names: tuple[str, ...], way: str) -> list[str] | None:
    values = [env.get(name, "").strip() for name in names]
    if not any(values):
        return None
    missing = [name for name, value in zip(names, values, strict=True) if not value]
    if missing:
        raise ValueError(
            f"{', '.join(missing)} is not set: set every variable of {way}, or none to leave it off."
        )
    return values


def _smtp(url: str) -> SplitResult:
    try:
        found = urlsplit(url)
        is_right = found.scheme in ("smtp", "smtps") and bool(found.hostname) and (found.port or 1) > 0
    except ValueError:
        is_right = False
    if not is_right:
        raise ValueError(
            "POPS_SMTP_URL is no address of a mail server: write it as smtps://user:password@host:465, or with smtp "
            "and port 587 for STARTTLS; percent-encode what is special in the password."
        )
    return found
