"""What the company plans to build, and what its customers ask for."""
