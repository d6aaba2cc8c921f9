"""The first hour of a company: its folder, what its tools hold proposed as registry, and the registry held against them."""
