"""PostHog: its routes, its records of the company, its credentials and its streams."""
