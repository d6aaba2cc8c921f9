"""What the reading of a PostHog project needs to know: its host, a personal API key, its number."""

import httpx
from pydantic import AnyHttpUrl, Field, SecretStr

from connectors.habits import Habits
from connectors.http import BearerAuth
from connectors.settings import SourceSettings


class PostHogSettings(SourceSettings):
    """Base URL `https://us.posthog.com`, `https://eu.posthog.com` or an own server's; a personal API key; the project's number.

    `file_host`: the host on which an own server keeps the files that it exports, where that is none of Amazon's.
    """

    usual_address = "https://us.posthog.com"
    habits = Habits(file_hosts=(".amazonaws.com",))
    base_url: AnyHttpUrl
    personal_api_key: SecretStr
    project_id: int = Field(gt=0)
    file_host: str = Field(default="", pattern=r"^[A-Za-z0-9.-]*$")
    # 240 a minute are allowed to a project, whoever asks.
    requests_per_minute: int | None = 200

    def auth(self) -> httpx.Auth:
        return BearerAuth(self.personal_api_key)

    @property
    def file_hosts(self) -> tuple[str, ...]:
        return (*super().file_hosts, self.file_host) if self.file_host else super().file_hosts
