"""What GrowthBook accepts here; it opens nothing but the sandbox."""

from sandbox.vendors.access import Access

GROWTHBOOK_SECRET_KEY = "secret_sandbox_growthbook"

ACCESS = Access({"SECRET_KEY": GROWTHBOOK_SECRET_KEY}, requests_per_minute=55)
