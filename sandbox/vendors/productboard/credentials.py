"""What Productboard accepts here; it opens nothing but the sandbox."""

from sandbox.vendors.access import Access

PRODUCTBOARD_API_TOKEN = "sandbox-productboard-token"

ACCESS = Access({"API_TOKEN": PRODUCTBOARD_API_TOKEN}, requests_per_minute=1500)
