"""From the metrics' definitions to their numbers: compiled, computed, appended, queried."""
