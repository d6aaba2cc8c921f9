"""What sales knows of the customers."""
