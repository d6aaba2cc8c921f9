"""The company's experiments: who was shown what, and what came of it."""
