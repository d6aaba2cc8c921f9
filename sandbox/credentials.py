"""The credentials that the sandbox accepts, and the environment that points the connectors at it.

They open nothing but the sandbox: no vendor knows them.
"""

from collections.abc import Collection
from dataclasses import dataclass

AMPLITUDE_API_KEY = "sandbox-amplitude-key"
AMPLITUDE_SECRET_KEY = "sandbox-amplitude-secret"
MIXPANEL_USER = "product-ops.sandbox.mp-service-account"
MIXPANEL_SECRET = "sandbox-mixpanel-secret"
MIXPANEL_PROJECT = "2195193"
HUBSPOT_ACCESS_TOKEN = "sandbox-hubspot-token"
SALESFORCE_CLIENT_ID = "sandbox-salesforce-client"
SALESFORCE_CLIENT_SECRET = "sandbox-salesforce-secret"
ZENDESK_CLIENT_ID = "sandbox-zendesk-client"
ZENDESK_CLIENT_SECRET = "sandbox-zendesk-secret"
JIRA_EMAIL = "product-ops@acme-flow.example"
JIRA_API_TOKEN = "sandbox-jira-token"
GITHUB_TOKEN = "sandbox-github-token"
GITHUB_OWNER = "acmeflow"
INTERCOM_ACCESS_TOKEN = "sandbox-intercom-token"
PRODUCTBOARD_API_TOKEN = "sandbox-productboard-token"
TYPEFORM_ACCESS_TOKEN = "sandbox-typeform-token"
# Chat: what the platform writes to, no vendor that it reads. The app is in these channels, and not in the foreign one.
SLACK_BOT_TOKEN = "sandbox-slack-bot-token"
SLACK_LEADERSHIP, SLACK_OWNERS, SLACK_SUPPORT = "C07LEADERSHIP", "C07PRODUCTOPS", "C07SUPPORTOPS"
SLACK_CHANNELS = (SLACK_LEADERSHIP, SLACK_OWNERS, SLACK_SUPPORT)
SLACK_FOREIGN_CHANNEL = "C07ELSEWHERE"


@dataclass(frozen=True)
class Access:
    """How a connector gets in: its variables, and the budgets it is given.

    `requests_per_minute`: below the narrowest limit that the vendor's routes have here, for one minute of its time.
    `requests_per_run`: the quota of a run at the vendor's own pace; None: the vendor has none.
    `is_second`: another tool of its family shows the same facts: served only when it is named.
    """

    variables: dict[str, str]
    requests_per_minute: int
    requests_per_run: int | None = None
    is_second: bool = False


ACCESS = {
    "amplitude": Access({"API_KEY": AMPLITUDE_API_KEY, "SECRET_KEY": AMPLITUDE_SECRET_KEY}, 120),
    "mixpanel": Access(
        {
            "SERVICE_ACCOUNT_USERNAME": MIXPANEL_USER,
            "SERVICE_ACCOUNT_SECRET": MIXPANEL_SECRET,
            "PROJECT_ID": MIXPANEL_PROJECT,
            # Clients of this company send events up to 20 days late.
            "LOOK_BACK_DAYS": "21",
        },
        requests_per_minute=1,
        requests_per_run=55,
        is_second=True,
    ),
    "hubspot": Access({"ACCESS_TOKEN": HUBSPOT_ACCESS_TOKEN}, 290),
    "salesforce": Access(
        {"CLIENT_ID": SALESFORCE_CLIENT_ID, "CLIENT_SECRET": SALESFORCE_CLIENT_SECRET}, 1500, is_second=True
    ),
    "zendesk": Access({"CLIENT_ID": ZENDESK_CLIENT_ID, "CLIENT_SECRET": ZENDESK_CLIENT_SECRET}, 10),
    "jira": Access({"EMAIL": JIRA_EMAIL, "API_TOKEN": JIRA_API_TOKEN}, 1500),
    "github": Access({"TOKEN": GITHUB_TOKEN, "OWNER": GITHUB_OWNER}, 80),
    "intercom": Access({"ACCESS_TOKEN": INTERCOM_ACCESS_TOKEN}, 9000, is_second=True),
    "productboard": Access({"API_TOKEN": PRODUCTBOARD_API_TOKEN}, 1500),
    "typeform": Access({"ACCESS_TOKEN": TYPEFORM_ACCESS_TOKEN}, 60),
}
VENDORS = tuple(ACCESS)
# One tool of each family, and what has no second one: what the demo runs on.
DEFAULT_VENDORS = tuple(name for name, access in ACCESS.items() if not access.is_second)


def environment(base_url: str, pace: float = 60.0, only: Collection[str] | None = None) -> dict[str, str]:
    """POPS_* variables for a sandbox at `base_url` (such as http://127.0.0.1:8100).

    Each source's request budget is raised by `pace`, as the sandbox's limits are.
    `only` names the vendors that the sandbox serves (None: `DEFAULT_VENDORS`); the others' variables are left out, so
    those sources are off.
    """
    root = base_url.rstrip("/")
    result: dict[str, str] = {}
    for vendor, access in ACCESS.items():
        if vendor not in (DEFAULT_VENDORS if only is None else only):
            continue
        prefix = f"POPS_{vendor.upper()}_"
        result[f"{prefix}BASE_URL"] = f"{root}/{vendor}"
        result[f"{prefix}REQUESTS_PER_MINUTE"] = str(max(1, int(access.requests_per_minute * pace)))
        if access.requests_per_run is not None:
            result[f"{prefix}REQUESTS_PER_RUN"] = str(int(access.requests_per_run * pace))
        result.update({prefix + name: value for name, value in access.variables.items()})
    return result


def slack_environment(base_url: str) -> dict[str, str]:
    """POPS_SLACK_* variables for the chat of a sandbox at `base_url`; not part of `environment`: it is no source."""
    return {
        "POPS_SLACK_BASE_URL": f"{base_url.rstrip('/')}/slack/api/",
        "POPS_SLACK_BOT_TOKEN": SLACK_BOT_TOKEN,
        "POPS_SLACK_CHANNEL": SLACK_LEADERSHIP,
        "POPS_SLACK_OWNERS_CHANNEL": SLACK_OWNERS,
    }
