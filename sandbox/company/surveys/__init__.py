"""What the company asks its customers and its own people."""
