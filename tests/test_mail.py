"""The digest by mail, to a mail server in this process: its parts, its TLS, its one sending."""

import email
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from messages.channels import DeliveryFailed, MailSettings, mail_settings
from messages.mail import composed, message_id, send_once
from messages.notices import Notices
from reports.digest_mail import Mail

NOW = datetime(2026, 11, 16, 6, tzinfo=UTC)
MAIL = Mail("Digest · 9–15 November", "On time: 70 %\n", '<p>70 %</p><img src="cid:chart">')
PICTURE = b"\x89PNG\r\n\x1a\n and so on"
PASSWORD = "canary/pass word"
KEY = "digest/2026-W46/1"


@dataclass
class Inbox:
    received: list[EmailMessage] = field(default_factory=list)
    refuses: tuple[str, ...] = ()
    port: int = 0

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address in self.refuses:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        message = email.message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.received.append(message)
        return "250 OK"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("certificate")
    crt, key = folder / "crt.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost", "-out", str(crt), "-keyout", str(key)],
        check=True, capture_output=True,
    )  # fmt: skip
    return crt, key


@contextmanager
def served(inbox: Inbox, certificate: tuple[Path, Path] | None, wrapped: bool = False) -> Iterator[Inbox]:
    context = None
    if certificate is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*certificate)

    def authenticate(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        return AuthResult(success=data.password.decode() == PASSWORD, handled=False)

    with socket.create_server(("127.0.0.1", 0)) as probe:
        inbox.port = probe.getsockname()[1]
    controller = Controller(
        inbox,
        hostname="127.0.0.1",
        port=inbox.port,
        ssl_context=context if wrapped else None,
        tls_context=None if wrapped else context,
        require_starttls=bool(context) and not wrapped,
        authenticator=authenticate,
        auth_required=context is not None,
        auth_require_tls=not wrapped,
    )
    controller.start()
    try:
        yield inbox
    finally:
        controller.stop()


def settings(url: str, to: str = "cpo@acme.example, ops@acme.example") -> MailSettings:
    found = mail_settings(
        {
            "POPS_SMTP_URL": url,
            "POPS_DIGEST_EMAIL_TO": to,
            "POPS_DIGEST_EMAIL_FROM": "product-ops@acme.example",
        }
    )
    assert found is not None
    return found


@pytest.fixture
def notices(tmp_path: Path) -> Iterator[Notices]:
    with Notices(tmp_path / "notices.sqlite") as found:
        yield found


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_it_arrives_whole_over_tls(scheme: str, certificate: tuple[Path, Path], notices: Notices) -> None:
    def trusting() -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(certificate[0]))

    with served(Inbox(), certificate, wrapped=scheme == "smtps") as inbox:
        given = settings(f"{scheme}://ops:canary%2Fpass%20word@localhost:{inbox.port}")
        assert send_once(given, notices, KEY, MAIL, PICTURE, NOW, context=trusting) == "sent"
        assert send_once(given, notices, KEY, MAIL, PICTURE, NOW, context=trusting) == "unchanged"
        (message,) = inbox.received
        wrong = settings(f"{scheme}://ops:canary-wrong@localhost:{inbox.port}")
        with pytest.raises(DeliveryFailed, match="rejects the credentials") as caught:
            send_once(wrong, notices, "other", MAIL, None, NOW, context=trusting)
        assert "canary" not in f"{caught.value} {wrong!r} {given!r}"
        with pytest.raises(DeliveryFailed, match=r"\(SSLCertVerificationError\).*certificate"):
            send_once(given, notices, "other", MAIL, None, NOW)
    assert (message["Subject"], message["From"]) == (MAIL.subject, "product-ops@acme.example")
    assert message["To"] == "cpo@acme.example, ops@acme.example"
    assert message["Message-ID"] == message_id(given, KEY)
    assert message["Date"].datetime == NOW
    assert message.get_content_type() == "multipart/alternative"
    text, html = message.iter_parts()
    assert isinstance(text, EmailMessage)
    assert isinstance(html, EmailMessage)
    assert text.get_content().splitlines() == MAIL.text.splitlines()
    page, picture = html.iter_parts()
    assert "cid:chart" in page.get_content()  # type: ignore[attr-defined]
    assert picture.get_content() == PICTURE  # type: ignore[attr-defined]
    assert (picture["Content-ID"], picture.get_content_disposition()) == ("<chart>", "inline")


def test_a_later_revision_answers_the_one_before(notices: Notices) -> None:
    with served(Inbox(), None) as inbox:
        given = settings(f"smtp://localhost:{inbox.port}")
        send_once(given, notices, KEY, MAIL, None, NOW)
        send_once(given, notices, "digest/2026-W46/2", MAIL, None, NOW, answers=[KEY])
    first, second = inbox.received
    assert second["In-Reply-To"] == first["Message-ID"] != second["Message-ID"]


def test_a_night_killed_after_sending_sends_it_again_as_the_same_mail(
    notices: Notices, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with served(Inbox(), None) as inbox:
        given = settings(f"smtp://localhost:{inbox.port}")
        with monkeypatch.context() as patched:
            patched.setattr(Notices, "remember", die)
            with pytest.raises(KeyboardInterrupt):
                send_once(given, notices, KEY, MAIL, None, NOW)
        assert send_once(given, notices, KEY, MAIL, None, NOW) == "sent"
    assert len({message["Message-ID"] for message in inbox.received}) == 1


def test_refused_recipients_are_counted_and_none_is_a_failure(notices: Notices) -> None:
    with served(Inbox(refuses=("ops@acme.example",)), None) as inbox:
        given = settings(f"smtp://localhost:{inbox.port}")
        outcome = send_once(given, notices, KEY, MAIL, None, NOW)
        assert outcome == "sent, but 1 of 2 recipients were refused"
        alone = settings(f"smtp://localhost:{inbox.port}", to="ops@acme.example")
        with pytest.raises(DeliveryFailed, match="refuses every recipient: correct POPS_DIGEST_EMAIL_TO"):
            send_once(alone, notices, KEY, MAIL, None, NOW)


def test_nothing_is_sent_in_the_clear(notices: Notices) -> None:
    with served(Inbox(), None) as inbox:
        given = settings(f"smtp://ops:{'canary'}@localhost:{inbox.port}")
        with pytest.raises(DeliveryFailed, match="offers no STARTTLS"):
            send_once(given, notices, KEY, MAIL, None, NOW)
    assert inbox.received == []
    with pytest.raises(DeliveryFailed, match="did not take the digest"):
        send_once(given, notices, KEY, MAIL, None, NOW)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"POPS_SMTP_URL": "mail.acme.example"}, "POPS_SMTP_URL is no address of a mail server"),
        ({"POPS_SMTP_URL": "smtp://ops:canary@host:port"}, "POPS_SMTP_URL is no address of a mail server"),
        ({"POPS_DIGEST_EMAIL_TO": ""}, "POPS_DIGEST_EMAIL_TO is not set"),
        ({"POPS_DIGEST_EMAIL_TO": "everybody"}, "POPS_DIGEST_EMAIL_TO is no address"),
        ({"POPS_DIGEST_EMAIL_FROM": "a@b.example\nBcc: c@d.example"}, "POPS_DIGEST_EMAIL_FROM is no address"),
    ],
)
def test_settings_are_on_off_or_wrong(changes: dict[str, str], said: str) -> None:
    given = {
        "POPS_SMTP_URL": "smtps://ops:canary@mail.acme.example",
        "POPS_DIGEST_EMAIL_TO": "cpo@acme.example",
        "POPS_DIGEST_EMAIL_FROM": "product-ops@acme.example",
    }
    assert mail_settings({}) is None
    found = mail_settings(given)
    assert found is not None
    assert (found.host, found.port, found.is_wrapped) == ("mail.acme.example", 465, True)
    with pytest.raises(ValueError, match=said) as caught:
        mail_settings({**given, **changes})
    assert "canary" not in str(caught.value)


def test_a_line_end_in_a_name_begins_no_header() -> None:
    told = Mail("Acme\r\nBcc: evil@vendor.example\n\nHello", "text", "<p>text</p>")
    message = composed(settings("smtps://u:p@mail.example"), "<1@acme.example>", told, None, NOW)
    assert message["Subject"] == "Acme  Bcc: evil@vendor.example  Hello"
    assert message["Bcc"] is None
