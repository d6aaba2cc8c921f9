"""Slack: the chat that the platform writes to, no vendor that it reads."""
