"""What Amplitude accepts here; it opens nothing but the sandbox."""

from sandbox.vendors.access import Access

AMPLITUDE_API_KEY = "sandbox-amplitude-key"
AMPLITUDE_SECRET_KEY = "sandbox-amplitude-secret"

ACCESS = Access({"API_KEY": AMPLITUDE_API_KEY, "SECRET_KEY": AMPLITUDE_SECRET_KEY}, requests_per_minute=120)
