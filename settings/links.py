"""Where people find the reports and the Dagster UI, for what leads from one to the other and for messages that lead to both."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Links:
    """Addresses of the reports and of the Dagster UI for readers; "" when there is none."""

    reports: str = ""
    dagster: str = ""

    def report(self, week: str) -> str:
        return f"{self.reports}/{week}/index.html" if self.reports else ""

    def definition(self, metric: str) -> str:
        """The metric in the report's glossary."""
        return f"{self.reports}/glossary.html#metric-{metric}" if self.reports else ""

    def run(self, run_id: str) -> str:
        return f"{self.dagster}/runs/{run_id}" if self.dagster else ""

    def asset(self, *key: str) -> str:
        return f"{self.dagster}/assets/{'/'.join(key)}" if self.dagster else ""


def links(env: Mapping[str, str]) -> Links:
    """POPS_REPORT_BASE_URL and POPS_DAGSTER_BASE_URL. Raises ValueError naming the variable that is no address."""
    return Links(web_address(env, "POPS_REPORT_BASE_URL"), web_address(env, "POPS_DAGSTER_BASE_URL"))


def web_address(env: Mapping[str, str], name: str) -> str:
    """A variable's http or https address, without a slash at its end; "" where it is not set. Raises ValueError, without the value."""
    value = env.get(name, "").strip().rstrip("/")
    parts = urlsplit(value)
    if value and (parts.scheme not in ("http", "https") or not parts.hostname or parts.username):
        raise ValueError(f"{name} is no address: write it as https://host/path, without credentials.")
    return value
