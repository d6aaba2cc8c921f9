"""The mart served from PostgreSQL."""
