"""What a vendor says to a source's credentials, and what to do when it refuses them."""

import os
from collections.abc import Mapping

from connectors import connector_class
from connectors.contract import Connector, Credentials
from connectors.errors import InvalidRegistry, InvalidSettings, Rejected, ScopeMissing, SourceError
from connectors.http import Http
from connectors.names import names_of
from connectors.settings import load_settings, secret_variables
from connectors.surprises import as_source_error
from connectors.waiting import SYSTEM_CLOCK, Clock

CHECK_RETRY_SECONDS = 10.0


def check_source(
    source: str, env: Mapping[str, str] = os.environ, *, clock: Clock = SYSTEM_CLOCK
) -> Credentials | None:
    """What the vendor says to the credentials; None when the source is off. Raises InvalidSettings."""
    kind = connector_class(source)
    settings = load_settings(source, kind.Settings, env)
    if settings is None:
        return None
    try:
        with Http.of(settings, retry_seconds=CHECK_RETRY_SECONDS, clock=clock) as http:
            connector = kind(settings, http)
            connector.names = names_of(kind, env)
            return ask_credentials(connector)
    except Exception as problem:  # noqa: BLE001 (whatever a source throws is an answer about that source)
        return _refused(as_source_error(problem).located(source))


def ask_credentials(connector: Connector) -> Credentials:
    """What the vendor says to a connector's credentials, whatever its answer is."""
    try:
        connector.check()
    except Exception as problem:  # noqa: BLE001 (whatever a source throws is an answer about that source)
        return _refused(explained(connector, problem))
    return Credentials("ok")


def _refused(error: SourceError) -> Credentials:
    if isinstance(error, Rejected | InvalidRegistry | InvalidSettings):
        return Credentials("rejected", str(error))
    return Credentials("scope_missing" if isinstance(error, ScopeMissing) else "unreachable", str(error))


def explained(connector: Connector, problem: BaseException, stream: str = "") -> SourceError:
    """The problem as a SourceError that says where it was met, and which credentials are needed if it is about them."""
    error = as_source_error(problem).located(connector.name, stream)
    if isinstance(error, Rejected | ScopeMissing) and error.remedy == type(error).default_remedy:
        secrets = ", ".join(secret_variables(connector.name, connector.Settings))
        error.remedy = (
            f"Set {secrets}: {connector.access}"
            if isinstance(error, Rejected)
            else f"Needed: {connector.access}"
        )
    return error
