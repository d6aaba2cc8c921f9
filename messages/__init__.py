"""What is told to people: the digest, owners' alerts, and the ways out (Slack, mail)."""
