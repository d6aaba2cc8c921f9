"""No secret is shown, and settings say what is missing without saying what was given."""

import logging
from base64 import b64encode

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from connectors import redaction
from connectors.errors import BadRequest
from connectors.http import BasicAuth, Http
from connectors.redaction import redact, remember_secrets
from connectors.settings import SourceSettings, load_settings

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
