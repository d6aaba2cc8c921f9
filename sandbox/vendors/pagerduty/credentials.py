"""What PagerDuty accepts here; it opens nothing but the sandbox."""

from sandbox.vendors.access import Access

PAGERDUTY_API_KEY = "sandbox-pagerduty-key"

ACCESS = Access({"API_KEY": PAGERDUTY_API_KEY}, requests_per_minute=900)
