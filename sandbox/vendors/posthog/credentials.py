"""What PostHog accepts here; it opens nothing but the sandbox."""

from sandbox.vendors.access import Access

POSTHOG_PERSONAL_API_KEY = "phx_sandbox"
POSTHOG_PROJECT = "4711"

ACCESS = Access(
    {
        "PERSONAL_API_KEY": POSTHOG_PERSONAL_API_KEY,
        "PROJECT_ID": POSTHOG_PROJECT,
        # The same machine by another name: files lie on another host than the API.
        "FILE_HOST": "localhost",
    },
    requests_per_minute=200,
    is_second=True,
)
