"""What Typeform accepts here; it opens nothing but the sandbox."""

from sandbox.vendors.access import Access

TYPEFORM_ACCESS_TOKEN = "sandbox-typeform-token"

ACCESS = Access({"ACCESS_TOKEN": TYPEFORM_ACCESS_TOKEN}, requests_per_minute=60)
