"""Mixpanel: events of the product, and the profiles of who sent them."""
