"""How requests are signed. Secrets stay inside: none of these shows them in its repr."""

from collections.abc import Generator

import httpx
from pydantic import SecretStr

from connectors.errors import MalformedResponse, Rejected
from connectors.redaction import remember_secrets


class BasicAuth(httpx.BasicAuth):
    """User and password (API key and secret, e-mail and token)."""

    def __init__(self, user: str, password: SecretStr) -> None:
        super().__init__(user, password.get_secret_value())
        header = self._auth_header.partition(" ")[2]
        remember_secrets([password.get_secret_value(), header])


class BearerAuth(httpx.Auth):
    """A token that does not expire in the middle of a run."""

    def __init__(self, token: SecretStr) -> None:
        self._token = token
        remember_secrets([token.get_secret_value()])

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Bearer {self._token.get_secret_value()}"
        yield request


class TokenNotGiven(Exception):
    """The token endpoint is busy or broken; `response` says for how long. Retried as any other answer of this kind."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__("no token")
        self.response = response


class ClientCredentials(httpx.Auth):
    """OAuth 2 client credentials: a token is fetched when first needed, and once more when a request answers 401.

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
        self._token: SecretStr | None = None
        remember_secrets([client_secret.get_secret_value()])

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        is_fresh = self._token is None
        if self._token is None:
            self._token = self._read_token((yield self._token_request()))
        request.headers["Authorization"] = f"Bearer {self._token.get_secret_value()}"
        response = yield request
        if response.status_code == 401 and not is_fresh:
            self._token = None
            self._token = self._read_token((yield self._token_request()))
            request.headers["Authorization"] = f"Bearer {self._token.get_secret_value()}"
            yield request

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

    def _read_token(self, response: httpx.Response) -> SecretStr:
        place = "POST the OAuth token"
        # Only this answer is read here: one that is signed may be a download, which is streamed into a file.
        response.read()
        if response.status_code == 429 or response.status_code >= 500:
            raise TokenNotGiven(response)
        if response.status_code >= 300:
            raise Rejected("The OAuth client is rejected.", place=place, status=response.status_code)
        try:
            token = response.json()["access_token"]
        except (ValueError, KeyError, TypeError):
            raise MalformedResponse("The token endpoint's answer has no access_token.", place=place) from None
        remember_secrets([token])
        return SecretStr(token)
