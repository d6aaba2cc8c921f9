"""The tools that files are written for."""

from enum import StrEnum


class Tool(StrEnum):
    """A tool, by its name on the command line."""

    SUPERSET = "superset"
    METABASE = "metabase"
    CUBE = "cube"
