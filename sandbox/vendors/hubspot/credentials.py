"""What HubSpot accepts here; it opens nothing but the sandbox."""

from sandbox.vendors.access import Access

HUBSPOT_ACCESS_TOKEN = "sandbox-hubspot-token"

ACCESS = Access({"ACCESS_TOKEN": HUBSPOT_ACCESS_TOKEN}, requests_per_minute=290)
