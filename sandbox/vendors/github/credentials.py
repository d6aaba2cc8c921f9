"""What GitHub accepts here; it opens nothing but the sandbox."""

from sandbox.vendors.access import Access

GITHUB_TOKEN = "sandbox-github-token"
GITHUB_OWNER = "acmeflow"

ACCESS = Access({"TOKEN": GITHUB_TOKEN, "OWNER": GITHUB_OWNER}, requests_per_minute=80)
