"""LaunchDarkly: feature flags, what was changed in them and when, and experiments."""
