"""The command line, and the engineer's loop."""
