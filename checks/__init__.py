"""What must be true of the data before anybody may read it. Reads only.

Invariants (keys, relations, partitions of time) are dbt tests; here are volume, distribution, freshness,
schema drift, plausibility and reconciliation. Nothing is in both.
"""
