"""PostHog: events and persons from exports of files, feature flags with their history, experiments and surveys."""
