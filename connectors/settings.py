"""A source's settings from the environment: `POPS_<SOURCE>_BASE_URL` and its credentials. Set means on."""

from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

import httpx
from pydantic import AnyHttpUrl, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from connectors.addresses import secrets_in, shown, wrong_with
from connectors.errors import InvalidSettings
from connectors.habits import Habits
from connectors.redaction import remember_secrets

BUDGETS = {"requests_per_minute", "requests_per_run"}
S = TypeVar("S", bound="SourceSettings")


class SourceSettings(BaseSettings):
    """Base of every connector's settings: a field `api_key` is read from `POPS_<SOURCE>_API_KEY`.

    Secrets are `SecretStr`. `requests_per_minute`, `requests_per_run`: our own budget of requests; a connector's
    settings set their defaults (None: none). What a run's budget leaves undone, the next run does.
    `address`: the field that says where the source is. `usual_address`: where the vendor answers all who have no region or
    host of their own; empty where everybody has one. `habits`: what the vendor's API does in its own way.
    A connector overrides `auth` with one of `connectors.auth`.
    """

    model_config = SettingsConfigDict(extra="ignore", frozen=True, env_file=None)

    address: ClassVar[str] = "base_url"
    usual_address: ClassVar[str] = ""
    habits: ClassVar[Habits] = Habits()
    base_url: AnyHttpUrl
    requests_per_minute: int | None = Field(default=None, gt=0)
    requests_per_run: int | None = Field(default=None, gt=0)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        # The environment is handed in as a mapping: nothing is read behind the caller's back.
        return (init_settings,)

    @field_validator("requests_per_minute", "requests_per_run")
    @classmethod
    def _some_requests(cls, value: int | None) -> int | None:
        """Also where a connector has a default of its own: none at all would be taken for no limit."""
        if value is not None and value < 1:
            raise ValueError("must be 1 or more; leave it unset for the connector's own budget")
        return value

    @field_validator("*")
    @classmethod
    def _bearable_address(cls, value: Any) -> Any:
        """Credentials go to every address of the settings, under whatever name a connector has it."""
        if isinstance(value, AnyHttpUrl) and (problem := wrong_with(str(value))):
            raise ValueError(problem)
        return value

    @classmethod
    def variables(cls, source: str) -> list[str]:
        """All that a source may be told."""
        return [prefix(source) + name.upper() for name in cls.model_fields]

    def auth(self) -> httpx.Auth | None:
        """How requests are signed; None: not at all."""
        return None

    @property
    def root(self) -> str:
        """The base URL without a slash at its end."""
        return str(self.base_url).rstrip("/")

    @property
    def further_hosts(self) -> tuple[str, ...]:
        """Hosts besides the base URL's to which the credentials may be sent."""
        return ()

    @property
    def file_hosts(self) -> tuple[str, ...]:
        """Hosts that serve its files, and are sent no credentials (see `connectors.habits`)."""
        return tuple(self.habits.file_hosts)

    @property
    def place(self) -> str:
        """Where the source is, for people to read; without secrets."""
        return shown(str(getattr(self, self.address)))

    def secrets(self) -> list[str]:
        """Plain text of the secrets, for redaction."""
        values = (getattr(self, name) for name in type(self).model_fields)
        secrets = [value.get_secret_value() for value in values if isinstance(value, SecretStr)]
        return secrets + secrets_in(str(getattr(self, self.address)))


class VendorlessSettings(SourceSettings):
    """Base of the settings of a source that is asked nothing over HTTP; it names its own `address`."""

    base_url: AnyHttpUrl = AnyHttpUrl("http://localhost")


def prefix(source: str) -> str:
    """How the variables of a source begin."""
    return f"POPS_{source.upper()}_"


def secret_variables(source: str, settings: type[SourceSettings]) -> list[str]:
    """The variables of a source that hold credentials: all that it requires besides its address."""
    fields = settings.model_fields.items()
    return [
        prefix(source) + name.upper()
        for name, field in fields
        if field.is_required() and name != settings.address
    ]


def address_variable(source: str, settings: type[SourceSettings]) -> str:
    """The variable that says where a source is."""
    return prefix(source) + settings.address.upper()


def load_settings(source: str, settings: type[S], env: Mapping[str, str]) -> S | None:
    """Settings of a source; None when none of its variables is set. A source that requires none is always on.

    Raises InvalidSettings naming the variables that are missing or wrong, never their values.
    """
    given = {name: env.get(prefix(source) + name.upper(), "").strip() for name in settings.model_fields}
    given = {name: value for name, value in given.items() if value}
    requires_any = any(field.is_required() for field in settings.model_fields.values())
    if requires_any and not given.keys() - BUDGETS:
        return None
    try:
        found = settings.model_validate(given)
    except ValidationError as error:
        raise _invalid(source, error) from None
    remember_secrets(found.secrets())
    return found


def _invalid(source: str, error: ValidationError) -> InvalidSettings:
    problems = []
    for each in error.errors(include_input=False, include_url=False):
        variable = prefix(source) + str(each["loc"][0]).upper()
        told = each["msg"].removeprefix("Value error, ")
        problems.append(f"{variable} is not set" if each["type"] == "missing" else f"{variable}: {told}")
    return InvalidSettings(
        f"{'; '.join(problems)}.",
        remedy="Set every variable of the source to switch it on, or none to leave it off.",
        source=source,
    )


def chosen_sources(env: Mapping[str, str]) -> dict[str, InvalidSettings | None]:
    """Sources of vendors of which a variable is set, by name, and what is wrong with their settings.

    The registry is always read and not listed. A source that is set by half is the only one that its error stops.
    """
    from connectors import connector_class
    from connectors.instances import vendors_of

    chosen: dict[str, InvalidSettings | None] = {}
    for name in vendors_of(env):
        try:
            if load_settings(name, connector_class(name).Settings, env) is not None:
                chosen[name] = None
        except InvalidSettings as error:
            chosen[name] = error
    return chosen


def enabled_sources(env: Mapping[str, str]) -> list[str]:
    """The chosen sources whose settings are whole."""
    return [name for name, error in chosen_sources(env).items() if error is None]
