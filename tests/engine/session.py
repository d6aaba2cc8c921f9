"""One session of Spark for all that `make test-engine` asks."""

import os
from collections.abc import Iterator

import pytest
from pyspark.sql import SparkSession

KEY = "a-key-for-tests-only-and-long-enough"


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    # Java is started with it, as a worker is.
    os.environ["POPS_PSEUDONYM_KEY"] = KEY
    session = (
        SparkSession.builder.master("local[1]")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.ansi.enabled", "true")
        .config("spark.sql.shuffle.partitions", "1")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .getOrCreate()
    )
    yield session
    session.stop()
