"""The published mart as business-intelligence tools are told of one: files that each imports, made of what the mart says of itself."""

from typing import assert_never

from pops.bi.tools import Tool
from settings.home import Home


def bi_files(home: Home, tool: Tool, uri: str | None = None) -> dict[str, bytes]:
    """The files for a tool, by their path. `uri`: SQLAlchemy's of the mart, for Superset. Raises ValueError without a published file."""
    from pops.bi.cube import cube_model
    from pops.bi.metabase import metabase_manifest
    from pops.bi.published import published_tables
    from pops.bi.superset import superset_import
    from publication.counting_views import counting_views_of
    from reports.headlines import ALL

    published = home.published.absolute()
    match tool:
        case Tool.SUPERSET:
            return {
                "superset.zip": superset_import(
                    published, uri or f"duckdb:///{published}?access_mode=read_only", ALL
                )
            }
        case Tool.METABASE:
            return {"manifest.json": metabase_manifest(published_tables(published)).encode()}
        case Tool.CUBE:
            tables = published_tables(published)
            views = counting_views_of(home.dbt_target)
            return {name: text.encode() for name, text in cube_model(tables, views).items()}
        case _:
            assert_never(tool)
