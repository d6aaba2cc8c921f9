"""The credentials that the sandbox accepts, and the environment that points the connectors at it.

They open nothing but the sandbox: no vendor knows them.
"""

from collections.abc import Collection

VENDORS = ("amplitude", "hubspot", "zendesk", "jira")

AMPLITUDE_API_KEY = "sandbox-amplitude-key"
AMPLITUDE_SECRET_KEY = "sandbox-amplitude-secret"
HUBSPOT_ACCESS_TOKEN = "sandbox-hubspot-token"
ZENDESK_CLIENT_ID = "sandbox-zendesk-client"
ZENDESK_CLIENT_SECRET = "sandbox-zendesk-secret"
JIRA_EMAIL = "product-ops@acme-flow.example"
JIRA_API_TOKEN = "sandbox-jira-token"

# Below the narrowest limit that each vendor's routes have here, for one minute of the vendor's time.
REQUESTS_PER_MINUTE = {"amplitude": 120, "hubspot": 290, "zendesk": 10, "jira": 1500}


def environment(base_url: str, pace: float = 60.0, only: Collection[str] | None = None) -> dict[str, str]:
    """POPS_* variables for a sandbox at `base_url` (such as http://127.0.0.1:8100).

    Each source's request budget is raised by `pace`, as the sandbox's limits are.
    `only` names the vendors that the sandbox serves; the others' variables are left out, so those sources are off.
    """
    root = base_url.rstrip("/")
    variables: dict[str, dict[str, str]] = {
        "amplitude": {"API_KEY": AMPLITUDE_API_KEY, "SECRET_KEY": AMPLITUDE_SECRET_KEY},
        "hubspot": {"ACCESS_TOKEN": HUBSPOT_ACCESS_TOKEN},
        "zendesk": {"CLIENT_ID": ZENDESK_CLIENT_ID, "CLIENT_SECRET": ZENDESK_CLIENT_SECRET},
        "jira": {"EMAIL": JIRA_EMAIL, "API_TOKEN": JIRA_API_TOKEN},
    }
    served = VENDORS if only is None else only
    result: dict[str, str] = {}
    for vendor in VENDORS:
        if vendor not in served:
            continue
        prefix = f"POPS_{vendor.upper()}_"
        result[f"{prefix}BASE_URL"] = f"{root}/{vendor}"
        result[f"{prefix}REQUESTS_PER_MINUTE"] = str(max(1, int(REQUESTS_PER_MINUTE[vendor] * pace)))
        result.update({prefix + name: value for name, value in variables[vendor].items()})
    return result
