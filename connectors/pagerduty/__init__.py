"""PagerDuty: who was called out, when they answered, and when it was over."""
