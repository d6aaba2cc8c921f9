"""Assets, checks, jobs and the `pops` command line: the only part of the project that knows Dagster."""
