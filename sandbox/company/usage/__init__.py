"""What people do in the product, event by event."""
