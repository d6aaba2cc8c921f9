"""What Salesforce accepts here; it opens nothing but the sandbox."""

from sandbox.vendors.access import Access

SALESFORCE_CLIENT_ID = "sandbox-salesforce-client"
SALESFORCE_CLIENT_SECRET = "sandbox-salesforce-secret"

ACCESS = Access(
    {"CLIENT_ID": SALESFORCE_CLIENT_ID, "CLIENT_SECRET": SALESFORCE_CLIENT_SECRET},
    requests_per_minute=1500,
    is_second=True,
)
