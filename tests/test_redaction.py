"""No secret is shown, and settings say what is missing without saying what was given."""

import logging
from base64 import b64encode

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AnyHttpUrl, SecretStr

from connectors import VENDORS, connector_class, redaction
from connectors.addresses import is_loopback, secrets_in, shown
from connectors.errors import BadRequest
from connectors.http import BasicAuth, Http
from connectors.redaction import redact, remember_secrets
from connectors.settings import SourceSettings, address_variable, load_settings, secret_variables
from messages.channels import slack_settings
from orchestration.preflight import check_settings

CANARY = "canary-7f3a91-do-not-show"


def test_no_secret_in_errors_or_logs(caplog: pytest.LogCaptureFixture) -> None:
    remember_secrets([CANARY])

    def echo(request: httpx.Request) -> httpx.Response:
        return httpx.Response(400, json={"message": f"bad {request.url} {request.headers['authorization']}"})

    auth = BasicAuth("user", SecretStr(CANARY))
    http = Http("https://api.vendor.example", auth=auth, transport=httpx.MockTransport(echo))
    with caplog.at_level(logging.DEBUG), pytest.raises(BadRequest) as caught:
        http.get("/things", {"key": CANARY, "email": "a@b.example"})
    shown = f"{caught.value} {caught.value!r} {caught.value.vendor_message} {caplog.text}"
    assert CANARY not in shown
    assert "a@b.example" not in shown
    assert b64encode(f"user:{CANARY}".encode()).decode() not in shown


@given(
    st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=40),
    st.text(max_size=30),
)
def test_redaction_hides_a_secret_wherever_it_stands(secret: str, around: str) -> None:
    before = set(redaction._secrets)
    try:
        remember_secrets([secret])
        assert secret not in redact(f"{around}{secret}{around}")
    finally:
        # Invented secrets must not blot out the words of other tests.
        redaction._secrets.clear()
        redaction._secrets.update(before)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "GET https://x.example/a?api_key=abc&x=1",
            "GET https://x.example/a?api_key=[redacted]&x=[redacted]",
        ),
        ("https://me:pass@x.example/", "https://[redacted]@x.example/"),
        ("Authorization: Bearer abc.def-123", "[redacted]"),
        ("client_secret=hush", "client_secret=[redacted]"),
        ("sent Authorization: Basic hushhush", "sent Authorization: [redacted]"),
        ('{"authorization": "Bearer hushhush"}', '{"authorization": [redacted]}'),
        ("Bearer hush4hush was refused", "Bearer [redacted] was refused"),
        ("token HUSHhushHUSH", "token [redacted]"),
        ("The token endpoint's answer", "The token endpoint's answer"),
        ("Basic authentication, or a token endpoint.", "Basic authentication, or a token endpoint."),
    ],
)
def test_what_looks_like_a_secret_is_hidden(text: str, shown: str) -> None:
    assert shown in redact(text)
    assert "abc" not in redact(text)
    assert "pass@" not in redact(text)
    assert "hush" not in redact(text)


class VendorSettings(SourceSettings):
    api_key: SecretStr


def test_settings_are_on_off_or_wrong() -> None:
    assert load_settings("vendor", VendorSettings, {}) is None
    assert load_settings("vendor", VendorSettings, {"POPS_VENDOR_REQUESTS_PER_MINUTE": "5"}) is None
    env = {"POPS_VENDOR_BASE_URL": "https://x.example/", "POPS_VENDOR_API_KEY": CANARY}
    settings = load_settings("vendor", VendorSettings, env)
    assert settings is not None
    assert settings.root == "https://x.example"
    assert CANARY not in repr(settings)
    with pytest.raises(ValueError, match="POPS_VENDOR_API_KEY is not set"):
        load_settings("vendor", VendorSettings, {"POPS_VENDOR_BASE_URL": "https://x.example/"})
    with pytest.raises(ValueError, match="POPS_VENDOR_BASE_URL") as caught:
        load_settings("vendor", VendorSettings, env | {"POPS_VENDOR_BASE_URL": f"no-url-{CANARY}"})
    assert CANARY not in str(caught.value)


def test_a_short_secret_is_hidden_where_it_stands_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "_words", set())
    remember_secrets(["pw12", "to", "x"])
    assert redact("to postgresql://x:5432 with pw12, 'pw12', pw123: x") == (
        "to postgresql://x:5432 with [redacted], '[redacted]', pw123: x"
    )


BAD_ADDRESSES = [
    (f"https://bob:{CANARY}@api.vendor.example", "user or a password"),
    (f"https://{CANARY}@api.vendor.example", "user or a password"),
    (f"https://api.vendor.example?token={CANARY}", "before any"),
    (f"https://api.vendor.example/#{CANARY}", "before any"),
    ("http://api.vendor.example", "https://"),
    ("http://127.0.0.1.vendor.example", "https://"),
    ("http://localhost.vendor.example", "https://"),
    ("http://0.0.0.0:8123", "https://"),
    ("http://10.0.0.1", "https://"),
]


@pytest.mark.parametrize(("address", "told"), BAD_ADDRESSES)
@pytest.mark.parametrize("source", [each for each in VENDORS if each != "files"])
def test_no_credentials_go_to_an_address_that_gives_them_away(source: str, address: str, told: str) -> None:
    kind = connector_class(source).Settings
    variable = address_variable(source, kind)
    env = dict.fromkeys(secret_variables(source, kind), "1234567") | {variable: address}
    with pytest.raises(ValueError, match=told) as refused:
        load_settings(source, kind, env)
    assert variable in str(refused.value)
    assert CANARY not in str(refused.value)


@pytest.mark.parametrize("source", [each for each in VENDORS if each != "files"])
@pytest.mark.parametrize("name", ["REQUESTS_PER_MINUTE", "REQUESTS_PER_RUN"])
@pytest.mark.parametrize("budget", ["0", "-1", "1e9", "many"])
def test_a_budget_of_no_requests_is_refused(source: str, name: str, budget: str) -> None:
    kind = connector_class(source).Settings
    env = dict.fromkeys(secret_variables(source, kind), "1234567")
    env |= {
        address_variable(source, kind): "https://api.vendor.example",
        f"POPS_{source.upper()}_{name}": budget,
    }
    with pytest.raises(ValueError, match=f"POPS_{source.upper()}_{name}"):
        load_settings(source, kind, env)


def test_every_further_address_is_held_to_the_same() -> None:
    class TwoHosts(VendorSettings):
        query_base_url: AnyHttpUrl

    env = {"POPS_VENDOR_BASE_URL": "https://x.example", "POPS_VENDOR_API_KEY": CANARY}
    with pytest.raises(ValueError, match="POPS_VENDOR_QUERY_BASE_URL: must begin"):
        load_settings("vendor", TwoHosts, env | {"POPS_VENDOR_QUERY_BASE_URL": "http://y.example"})
    with pytest.raises(ValueError, match="POPS_SLACK_BASE_URL must begin with https"):
        slack_settings(
            {
                "POPS_SLACK_BOT_TOKEN": CANARY,
                "POPS_SLACK_CHANNEL": "C0123456789",
                "POPS_SLACK_OWNERS_CHANNEL": "C0123456789",
                "POPS_SLACK_BASE_URL": "http://slack.example",
            }
        )


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "localhost", "::1", "[::1]"])
def test_this_machine_may_be_asked_in_clear(host: str) -> None:
    assert is_loopback(host)
    bracketed = f"[{host}]" if host == "::1" else host
    env = {"POPS_VENDOR_BASE_URL": f"http://{bracketed}:8123/vendor", "POPS_VENDOR_API_KEY": CANARY}
    assert load_settings("vendor", VendorSettings, env) is not None


STORES = [
    (f"s3://bucket/drop?secret={CANARY}", "s3://bucket/drop"),
    (f"s3://AKIACANARY:{CANARY}@bucket/drop/", "s3://bucket/drop"),
    (f"simplecache::s3://AKIACANARY:{CANARY}@bucket/a?key={CANARY}", "simplecache::s3://bucket/a"),
    (f"sftp://me:a/b{CANARY}@host/drop", "sftp://host/drop"),
    (f"https://account.blob.example/c?sig={CANARY}%2F#x", "https://account.blob.example/c"),
    ("s3://bucket/a@b/c", "s3://bucket/a@b/c"),
    ("/srv/drop/", "/srv/drop"),
]


@pytest.mark.parametrize(("url", "place"), STORES)
def test_a_store_is_shown_without_its_secrets(url: str, place: str) -> None:
    settings = load_settings("files", connector_class("files").Settings, {"POPS_FILES_URL": url})
    assert settings is not None
    assert settings.place == shown(url) == place
    assert all(CANARY not in redact(each) for each in (url, *secrets_in(url)))


@pytest.mark.parametrize(
    ("url", "is_refused"),
    [
        (f"http://bob:{CANARY}@host.example/drop", True),
        (f"ftp://bob:{CANARY}@host.example/drop", True),
        (f"simplecache::http://host.example/drop?token={CANARY}", True),
        (f"http://bob:{CANARY}@127.0.0.1:9000/drop", False),
        ("http://host.example/drop", False),
        (f"sftp://bob:{CANARY}@host.example/drop", False),
        ("/srv/drop", False),
    ],
)
def test_a_stores_credentials_do_not_go_in_clear(url: str, is_refused: bool) -> None:
    kind = connector_class("files").Settings
    if not is_refused:
        assert load_settings("files", kind, {"POPS_FILES_URL": url}) is not None
        return
    with pytest.raises(ValueError, match="POPS_FILES_URL: must not send credentials in clear") as refused:
        load_settings("files", kind, {"POPS_FILES_URL": url})
    assert CANARY not in str(refused.value)


def test_a_secret_is_hidden_as_json_and_html_echo_it() -> None:
    secret = 'q"u<o>t\e&d-canary'
    remember_secrets([secret])
    for echo in (
        'q\\"u<o>t\\\\e&d-canary',
        "q&quot;u&lt;o&gt;t\\e&amp;d-canary",
        'q"u&lt;o&gt;t\\e&amp;d-canary',
    ):
        assert "canary" not in redact(f"the key {echo} is wrong")


@pytest.mark.parametrize("key", ["a", "pops", "k" * 31, "k" * 64, "abcabcabcabcabcabcabcabcabcabcabcabc"])
def test_a_key_that_can_be_guessed_is_refused_with_the_remedy(key: str) -> None:
    with pytest.raises(ValueError, match="POPS_PSEUDONYM_KEY can be guessed") as refused:
        check_settings({"POPS_PSEUDONYM_KEY": key})
    assert "openssl rand -hex 32" in str(refused.value)
    assert len(key) < 8 or key not in str(refused.value)
