"""What customers ask the help desk."""
