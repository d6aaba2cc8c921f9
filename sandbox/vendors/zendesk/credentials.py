"""What Zendesk accepts here; it opens nothing but the sandbox."""

from sandbox.vendors.access import Access

ZENDESK_CLIENT_ID = "sandbox-zendesk-client"
ZENDESK_CLIENT_SECRET = "sandbox-zendesk-secret"

ACCESS = Access(
    {"CLIENT_ID": ZENDESK_CLIENT_ID, "CLIENT_SECRET": ZENDESK_CLIENT_SECRET}, requests_per_minute=10
)
