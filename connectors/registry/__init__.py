"""The organisation's own facts, kept in YAML."""
