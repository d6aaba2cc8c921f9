"""What Mixpanel accepts here; it opens nothing but the sandbox."""

from sandbox.vendors.access import Access

MIXPANEL_USER = "product-ops.sandbox.mp-service-account"
MIXPANEL_SECRET = "sandbox-mixpanel-secret"
MIXPANEL_PROJECT = "2195193"

ACCESS = Access(
    {
        "SERVICE_ACCOUNT_USERNAME": MIXPANEL_USER,
        "SERVICE_ACCOUNT_SECRET": MIXPANEL_SECRET,
        "PROJECT_ID": MIXPANEL_PROJECT,
        # Clients of this company send events up to 20 days late.
        "LOOK_BACK_DAYS": "21",
    },
    requests_per_minute=1,
    requests_per_run=55,
    is_second=True,
)
