"""The digest by mail: one message for a key and its recipients, with the chart inline, over TLS.

A mail cannot be taken back or changed, so a key is sent once. Its Message-ID is made of the key: should a night be killed
between the server's taking it and the note of it, it is sent again under the same id, which mailboxes show once.
"""

import smtplib
import ssl
from collections.abc import Callable, Sequence
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime

from messages.channels import DeliveryFailed, MailSettings
from messages.notices import Notices, Told, fingerprint
from reports.digest_mail import CHART_ID, Mail
from settings.shown_text import plain

_TIMEOUT_SECONDS = 30


def send_once(
    settings: MailSettings,
    notices: Notices,
    key: str,
    mail: Mail,
    chart: bytes | None,
    now: datetime,
    answers: Sequence[str] = (),
    context: Callable[[], ssl.SSLContext] = ssl.create_default_context,
) -> str:
    """Send a mail unless its key was sent to these recipients; `answers`: keys of mails that it follows, the newest first.

    Returns `sent`, `unchanged`, or how many recipients were refused. Raises DeliveryFailed.
    """
    # Addresses are of people: only a hash of them is kept.
    place = f"mail/{fingerprint(settings.recipients)}"
    with notices.alone():
        if notices.told(key, place):
            return "unchanged"
        before = next((told for each in answers if (told := notices.told(each, place))), None)
        message = composed(settings, message_id(settings, key), mail, chart, now)
        if before:
            message["In-Reply-To"] = message["References"] = before.reference
        refused = _send(settings, message, context)
        notices.remember(Told(key, place, message["Message-ID"], fingerprint(mail.text)))
    return f"sent, but {refused} of {len(settings.recipients)} recipients were refused" if refused else "sent"


def message_id(settings: MailSettings, key: str) -> str:
    """The same for the same key and recipients."""
    domain = settings.sender.rpartition("@")[2]
    return f"<{key.replace('/', '.')}.{fingerprint(settings.recipients)[:12]}@{domain}>"


def composed(
    settings: MailSettings, identity: str, mail: Mail, chart: bytes | None, now: datetime
) -> EmailMessage:
    """multipart/alternative: plain text, then HTML with the chart as a related part."""
    message = EmailMessage()
    # A line end in a name would begin another header.
    message["Subject"] = plain(mail.subject)
    message["From"] = settings.sender
    message["To"] = ", ".join(settings.recipients)
    message["Date"] = format_datetime(now)
    message["Message-ID"] = identity
    # Nobody's holiday notice should answer.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    if chart is not None:
        html = message.get_payload()[1]  # type: ignore[index]
        html.add_related(  # type: ignore[union-attr]
            chart, "image", "png", cid=f"<{CHART_ID}>", disposition="inline", filename="chart.png"
        )
    return message


def _send(settings: MailSettings, message: EmailMessage, context: Callable[[], ssl.SSLContext]) -> int:
    """Hand the message over; the number of recipients that the server refused."""
    where = f"{settings.host}:{settings.port}"
    try:
        with _connected(settings, context) as server:
            if settings.user:
                server.login(settings.user, settings.password)
            return len(server.send_message(message))
    except smtplib.SMTPAuthenticationError:
        raise DeliveryFailed(
            f"The mail server {where} rejects the credentials: correct them in POPS_SMTP_URL."
        ) from None
    except smtplib.SMTPRecipientsRefused:
        raise DeliveryFailed(
            f"The mail server {where} refuses every recipient: correct POPS_DIGEST_EMAIL_TO."
        ) from None
    except smtplib.SMTPNotSupportedError:
        raise DeliveryFailed(
            f"The mail server {where} offers no STARTTLS, or no login: use smtps:// in POPS_SMTP_URL."
        ) from None
    except (smtplib.SMTPException, ssl.SSLError, OSError) as error:
        raise DeliveryFailed(
            f"The mail server {where} did not take the digest ({type(error).__name__}): check POPS_SMTP_URL and the "
            "server's certificate, and run it again."
        ) from None


def _connected(settings: MailSettings, context: Callable[[], ssl.SSLContext]) -> smtplib.SMTP:
    if settings.is_wrapped:
        return smtplib.SMTP_SSL(settings.host, settings.port, timeout=_TIMEOUT_SECONDS, context=context())
    server = smtplib.SMTP(settings.host, settings.port, timeout=_TIMEOUT_SECONDS)
    if not settings.is_local:
        try:
            server.starttls(context=context())
        except BaseException:
            server.close()
            raise
    return server
