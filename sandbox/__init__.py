"""A make-believe company served over the vendors' real HTTP APIs."""
