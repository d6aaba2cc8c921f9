"""One file a vendor: its paths, authentication, paging and errors."""
