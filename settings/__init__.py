"""The ground: the home, the night, owners, families of tools."""
