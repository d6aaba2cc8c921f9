"""What Jira accepts here; it opens nothing but the sandbox."""

from sandbox.vendors.access import Access

JIRA_EMAIL = "product-ops@acme-flow.example"
JIRA_API_TOKEN = "sandbox-jira-token"

ACCESS = Access({"EMAIL": JIRA_EMAIL, "API_TOKEN": JIRA_API_TOKEN}, requests_per_minute=1500)
