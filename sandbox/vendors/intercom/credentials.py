"""What Intercom accepts here; it opens nothing but the sandbox."""

from sandbox.vendors.access import Access

INTERCOM_ACCESS_TOKEN = "sandbox-intercom-token"

ACCESS = Access({"ACCESS_TOKEN": INTERCOM_ACCESS_TOKEN}, requests_per_minute=9000, is_second=True)
