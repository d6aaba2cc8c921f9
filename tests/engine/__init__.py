"""What needs an engine that `make test` does not start: each file is named on the command line (`make test-engine`)."""
