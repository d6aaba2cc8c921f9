"""PostgreSQL as a place that the mart is published to: on when `POPS_PUBLISH_POSTGRES_URL` is set."""

from collections.abc import Mapping

from publication.postgres.address import PostgresAddress, postgres_address
from publication.target import Edition, PublicationError, Published
from settings.home import Home


class PostgresTarget:
    """The driver is loaded only where the mart is served from it."""

    name = "postgres"
    title = "PostgreSQL"
    kind = "postgres"
    description = (
        "What BI tools query over the network: tables `mart.*`, `metrics.*` and `meta.*` in PostgreSQL, with the rows, the "
        "keys and the revision of the published file. All of them change over in one transaction."
    )

    def address(self, env: Mapping[str, str]) -> str | None:
        found = postgres_address(env)
        return None if found is None else found.place

    def publish(self, edition: Edition) -> Published:
        from publication.postgres.publish import publish_to_postgres

        address = _address(edition.env)
        served = publish_to_postgres(edition.home.published, address)
        facts: dict[str, str | int | float | bool] = {
            "changed": served.changed,
            "rows_written": served.written,
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
