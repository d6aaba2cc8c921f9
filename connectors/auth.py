"""How requests are signed. Secrets stay inside: none of these shows them in its repr."""

import json
from abc import abstractmethod
from base64 import urlsafe_b64encode
from collections.abc import Generator, Mapping
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import SecretStr

from connectors.bodies import parse_json
from connectors.errors import InvalidSettings, MalformedResponse, Rejected
from connectors.redaction import remember_secrets
from connectors.waiting import SYSTEM_CLOCK, Clock

TOKEN_PLACE = "POST the OAuth token"
JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
# The longest life that token endpoints grant an assertion; it is used once, at once.
ASSERTION_SECONDS = 3600


class BasicAuth(httpx.BasicAuth):
    """User and password (API key and secret, e-mail and token)."""

    def __init__(self, user: str, password: SecretStr) -> None:
        super().__init__(user, password.get_secret_value())
        header = self._auth_header.partition(" ")[2]
        remember_secrets([password.get_secret_value(), header])


class HeaderAuth(httpx.Auth):
    """Secrets in a header, in the shape that the vendor wants: `HeaderAuth("Authorization", "Token token={}", key)`.

    They do not expire in the middle of a run. Raises InvalidSettings for what no header can carry.
    """

    def __init__(self, header: str, shape: str, *secrets: SecretStr) -> None:
        plain = [each.get_secret_value() for each in secrets]
        if not all(each and each.isascii() and each.isprintable() for each in plain):
            raise InvalidSettings(
                f"A credential holds what the header {header} cannot carry: a line end, or a letter beyond ASCII.",
                remedy="Copy it again from the vendor's page.",
            )
        self._header = header
        self._value = SecretStr(shape.format(*plain))
        remember_secrets(plain)

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers[self._header] = self._value.get_secret_value()
        yield request


class BearerAuth(HeaderAuth):
    """A token that does not expire in the middle of a run."""

    def __init__(self, token: SecretStr) -> None:
        super().__init__("Authorization", "Bearer {}", token)


class TokenNotGiven(Exception):
    """The token endpoint is busy or broken; `response` says for how long. Retried as any other answer of this kind."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__("no token")
        self.response = response


class GrantedToken(httpx.Auth):
    """A token that is asked for when it is first needed, and once more when a request answers 401."""

    _token: SecretStr | None = None

    @abstractmethod
    def _token_request(self) -> httpx.Request:
        """What is sent for a token."""

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        is_fresh = self._token is None
        if self._token is None:
            self._token = _read_token((yield self._token_request()))
        request.headers["Authorization"] = f"Bearer {self._token.get_secret_value()}"
        response = yield request
        if response.status_code == 401 and not is_fresh:
            self._token = None
            self._token = _read_token((yield self._token_request()))
            request.headers["Authorization"] = f"Bearer {self._token.get_secret_value()}"
            yield request


class ClientCredentials(GrantedToken):
    """OAuth 2 client credentials.

    `as_form`: the token is asked for with a form, as OAuth 2 has it; without, with JSON, as some vendors want it.
    """

    def __init__(
        self,
        token_url: str,
        client_id: str,
        client_secret: SecretStr,
        scope: str | None = None,
        *,
        as_form: bool = False,
    ) -> None:
        self._as_form = as_form
        self._token_url = token_url
        self._client_id = client_id
        self._client_secret = client_secret
        self._scope = scope
        remember_secrets([client_secret.get_secret_value()])

    def _token_request(self) -> httpx.Request:
        question = {
            "grant_type": "client_credentials",
            "client_id": self._client_id,
            "client_secret": self._client_secret.get_secret_value(),
        }
        if self._scope is not None:
            question["scope"] = self._scope
        headers = {"Accept": "application/json"}
        if self._as_form:
            return httpx.Request("POST", self._token_url, data=question, headers=headers)
        return httpx.Request("POST", self._token_url, json=question, headers=headers)


class SignedGrant(GrantedToken):
    """A token for a JWT that a service account's own key signs (RFC 7523, RS256), as Google wants it.

    `private_key`: PEM; a line end may be written `\\n`, as in the JSON file that Google gives out. `subject`: the person
    on whose behalf the account reads, where an administrator has allowed that. Raises InvalidSettings for another key.
    """

    def __init__(
        self,
        token_url: str,
        issuer: str,
        private_key: SecretStr,
        scope: str,
        *,
        subject: str | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        pem = private_key.get_secret_value().replace("\\n", "\n")
        remember_secrets([private_key.get_secret_value(), *pem.splitlines()[1:-1]])
        self._key = _rsa_key(pem)
        self._token_url = token_url
        self._claims = {"iss": issuer, "scope": scope, "aud": token_url} | (
            {"sub": subject} if subject else {}
        )
        self._clock = clock

    def _token_request(self) -> httpx.Request:
        issued = int(self._clock.now().timestamp())
        claims = self._claims | {"iat": issued, "exp": issued + ASSERTION_SECONDS}
        signed = f"{_encoded({'alg': 'RS256', 'typ': 'JWT'})}.{_encoded(claims)}"
        signature = self._key.sign(signed.encode(), PKCS1v15(), SHA256())
        assertion = f"{signed}.{_base64(signature)}"
        remember_secrets([assertion])
        question = {"grant_type": JWT_GRANT, "assertion": assertion}
        return httpx.Request("POST", self._token_url, data=question, headers={"Accept": "application/json"})


def _rsa_key(pem: str) -> RSAPrivateKey:
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except Exception:  # noqa: BLE001 (the parser's errors quote the key)
        key = None
    if not isinstance(key, RSAPrivateKey):
        raise InvalidSettings(
            "The private key is no RSA key in PEM.",
            remedy="Set it to `private_key` of the service account's JSON file, with its BEGIN and END lines.",
        ) from None
    return key


def _encoded(part: Mapping[str, Any]) -> str:
    return _base64(json.dumps(part, separators=(",", ":")).encode())


def _base64(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def _read_token(response: httpx.Response) -> SecretStr:
    # Only this answer is read here: one that is signed may be a download, which is streamed into a file.
    response.read()
    if response.status_code == 429 or response.status_code >= 500:
        raise TokenNotGiven(response)
    if response.status_code >= 300:
        raise Rejected("The OAuth client is rejected.", place=TOKEN_PLACE, status=response.status_code)
    try:
        token = parse_json(response.content)["access_token"]
    except (ValueError, KeyError, TypeError):
        token = None
    if not (isinstance(token, str) and token and token.isascii() and token.isprintable()):
        raise MalformedResponse("The token endpoint's answer has no access_token.", place=TOKEN_PLACE)
    remember_secrets([token])
    return SecretStr(token)
