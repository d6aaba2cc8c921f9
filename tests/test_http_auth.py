"""A token for a JWT that is signed here, checked with another library than the one that signs it."""

from collections.abc import Callable
from urllib.parse import parse_qs

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import SecretStr

from connectors.errors import InvalidSettings, MalformedResponse, Rejected
from connectors.http import SignedGrant
from connectors.redaction import redact
from tests.test_http import NOW, FakeClock, Vendor, http, ok

TOKEN_URL = "https://oauth2.vendor.example/token"
ISSUER = "reader@project.iam.example"
SCOPE = "https://www.vendor.example/auth/analytics.readonly"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def google(key: rsa.RSAPrivateKey = KEY) -> Callable[[httpx.Request], httpx.Response]:
    """Gives a token to who holds `key`, and data to who holds the token."""

    def answer(request: httpx.Request) -> httpx.Response:
        if str(request.url) != TOKEN_URL:
            good = request.headers["authorization"] == "Bearer ya29.given"
            return ok() if good else httpx.Response(401, json={})
        form = parse_qs(request.read().decode())
        assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
        try:
            claims = jwt.decode(
                form["assertion"][0],
                key.public_key(),
                algorithms=["RS256"],
                audience=TOKEN_URL,
                issuer=ISSUER,
                # The clock of the tests stands still in another month.
                options={"verify_exp": False, "verify_iat": False},
            )
        except jwt.InvalidTokenError:
            return httpx.Response(400, json={"error": "invalid_grant"})
        issued = int(NOW.timestamp())
        assert claims == {
            "iss": ISSUER, "scope": SCOPE, "aud": TOKEN_URL, "iat": issued, "exp": issued + 3600, **(
                {"sub": claims["sub"]} if "sub" in claims else {}
            ),
        }  # fmt: skip
        return ok({"access_token": "ya29.given", "expires_in": 3599, "token_type": "Bearer"})

    return answer


def grant(key: str, subject: str | None = None) -> SignedGrant:
    return SignedGrant(TOKEN_URL, ISSUER, SecretStr(key), SCOPE, subject=subject, clock=FakeClock())


@pytest.mark.parametrize(
    "written", [pem(KEY), pem(KEY).replace("\n", "\\n")], ids=["lines", "as in Google's file"]
)
def test_a_signed_jwt_is_exchanged_for_a_token_once(written: str) -> None:
    vendor = Vendor(google())
    api = http(vendor, auth=grant(written))
    assert api.get("/things") == api.get("/things") == {"fine": True}
    assert [each.url.host for each in vendor.requests] == ["oauth2.vendor.example"] + [
        "api.vendor.example"
    ] * 2


def test_an_account_may_read_on_behalf_of_a_person() -> None:
    vendor = Vendor(google())
    http(vendor, auth=grant(pem(KEY), "admin@company.example")).get("/things")
    assertion = parse_qs(vendor.requests[0].content.decode())["assertion"][0]
    assert jwt.decode(assertion, options={"verify_signature": False})["sub"] == "admin@company.example"


def test_another_key_is_refused_and_nothing_of_it_is_shown() -> None:
    other = pem(rsa.generate_private_key(public_exponent=65537, key_size=2048))
    with pytest.raises(Rejected, match="OAuth client") as caught:
        http(Vendor(google()), auth=grant(other)).get("/things")
    assert caught.value.status == 400
    for line in other.splitlines()[1:-1]:
        assert line not in redact(f"error with {other!r} and {line}")


@pytest.mark.parametrize(
    "key", ["", "canary-no-key", pem(ec.generate_private_key(ec.SECP256R1())), pem(KEY)[:200], "ключ"]
)
def test_what_is_no_rsa_key_is_told_before_the_first_request(key: str) -> None:
    with pytest.raises(InvalidSettings, match="no RSA key in PEM") as caught:
        grant(key)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("token", [5, None, "", "two\nlines", ["x"], "ключ"])
def test_a_token_that_no_header_carries_is_no_token(token: object) -> None:
    with pytest.raises(MalformedResponse, match="no access_token"):
        http(Vendor(ok({"access_token": token})), auth=grant(pem(KEY))).get("/things")
