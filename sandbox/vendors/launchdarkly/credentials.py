"""What LaunchDarkly accepts here; it opens nothing but the sandbox."""

from sandbox.vendors.access import Access

LAUNCHDARKLY_ACCESS_TOKEN = "api-sandbox-launchdarkly"

ACCESS = Access({"ACCESS_TOKEN": LAUNCHDARKLY_ACCESS_TOKEN}, requests_per_minute=200)
