"""What Dagster shows: an asset or check for every step on the way of the data."""
