"""What readers query: the published file and PostgreSQL, swapped in one step, and the proof that they may be."""
