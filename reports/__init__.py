"""Health report and digest: pure functions from numbers to HTML. No clock, no network, no SQL."""
