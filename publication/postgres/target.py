"""PostgreSQL as a place that the mart is published to: on when `POPS_PUBLISH_POSTGRES_URL` is set."""

from collections.abc import Mapping

from publication.meta import key_columns
from publication.postgres.address import PostgresAddress, postgres_address
from publication.target import Edition, PublicationError, Published
from settings.home import Home


class PostgresTarget:
    """The driver is loaded only where the mart is served from it."""

    name = "postgres"
    title = "PostgreSQL"
    kind = "postgres"
    description = (
        "What BI tools query over the network: views `mart.*`, `metrics.*` and `meta.*` in PostgreSQL, with the rows "
        "and the revision of the published file. All views change over in one transaction."
    )

    def address(self, env: Mapping[str, str]) -> str | None:
        found = postgres_address(env)
        return None if found is None else found.place

    def publish(self, edition: Edition) -> Published:
        from publication.postgres.publish import KEPT_VERSIONS, publish_to_postgres

        address = _address(edition.env)
        keys = key_columns(edition.home.dbt_target / "manifest.json")
        kept = 1 if edition.is_only_one else KEPT_VERSIONS
        served = publish_to_postgres(edition.home.published, address, keys, kept=kept)
        facts: dict[str, str | int | float | bool] = {
            "schema": served.version,
            "changed": served.changed,
            "seconds": round(served.seconds, 2),
            "older_schemas_left": "; ".join(served.left),
        }
        return Published(served.as_of, served.revision, served.rows, address.place, facts)

    def check(self, home: Home, env: Mapping[str, str]) -> None:
        from publication.postgres.publish import check_publisher
        from publication.postgres.session import PostgresSession

        with PostgresSession(_address(env)) as session:
            check_publisher(session)


def _address(env: Mapping[str, str]) -> PostgresAddress:
    found = postgres_address(env)
    if found is None:
        raise PublicationError("PostgreSQL is off: set POPS_PUBLISH_POSTGRES_URL.")
    return found
