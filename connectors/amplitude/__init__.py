"""Amplitude: events of the product."""
