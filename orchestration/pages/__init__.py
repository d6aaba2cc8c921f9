"""The health report's pages: what they are filled with, and where they are kept."""
