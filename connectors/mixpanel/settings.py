"""What a project's reading needs to know: hosts, service account, time zone, and how much a night may ask for."""

from datetime import timedelta
from zoneinfo import available_timezones

import httpx
from pydantic import AnyHttpUrl, Field, SecretStr, field_validator

from connectors.http import BasicAuth
from connectors.settings import SourceSettings

LOOK_BACK_DAYS = 5


class MixpanelSettings(SourceSettings):
    """Base URL of the data host, a service account and the project's number.

    `project_timezone`: the zone in which the export counts days and times. UTC for projects made since January 2023;
    for older ones the zone of the project's settings. `look_back_days`: so long after its end a day is read again
    every night, for events that arrive late. `query_base_url`: the query host, where it does not follow from the data
    host by the vendor's own rule.
    """

    usual_address = "https://data.mixpanel.com"
    service_account_username: str
    service_account_secret: SecretStr
    project_id: int
    project_timezone: str = "UTC"
    look_back_days: int = Field(default=LOOK_BACK_DAYS, gt=0)
    query_base_url: AnyHttpUrl | None = None
    requests_per_minute: int | None = 150
    requests_per_run: int | None = Field(default=55, gt=0)

    @field_validator("project_timezone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        if zone not in available_timezones():
            raise ValueError("must be the name of a time zone, such as Europe/Berlin")
        return zone

    def auth(self) -> httpx.Auth:
        return BasicAuth(self.service_account_username, self.service_account_secret)

    @property
    def look_back(self) -> timedelta:
        """At most half of a run's budget goes to days that were read before, so that history is reached in the end."""
        most = self.look_back_days if self.requests_per_run is None else max(1, self.requests_per_run // 2)
        return timedelta(days=min(self.look_back_days, most))

    @property
    def query_root(self) -> str:
        """Where profiles are asked for: `data-eu.mixpanel.com` has them on `eu.mixpanel.com`."""
        if self.query_base_url is not None:
            return str(self.query_base_url).rstrip("/")
        url = httpx.URL(self.root)
        if url.host.endswith(".mixpanel.com") and url.host.startswith(("data.", "data-")):
            url = url.copy_with(host=url.host[len("data.") :])
        return str(url).rstrip("/")

    @property
    def further_hosts(self) -> tuple[str, ...]:
        return (httpx.URL(self.query_root).host,)
