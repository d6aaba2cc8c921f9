"""What the teams plan, build and release."""
