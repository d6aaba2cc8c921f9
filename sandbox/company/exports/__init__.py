"""What people of the company export from tools without an API, and drop in a folder."""
