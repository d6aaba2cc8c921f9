"""`POPS_PUBLISH_POSTGRES_URL` is checked before the first request, and what it holds is never shown."""

import pytest

from orchestration.preflight import check_settings
from publication.postgres.address import READER_VARIABLE, URL_VARIABLE, postgres_address
from sandbox.serving.environment import REGISTRY
from tests.nights import PSEUDONYM_KEY

SECRET = "s3cret-Pass"


def test_not_set_means_not_served() -> None:
    assert postgres_address({}) is None
    assert postgres_address({URL_VARIABLE: " "}) is None


@pytest.mark.parametrize(
    ("url", "place"),
    [
        (f"postgresql://pops:{SECRET}@db.example.org/bi", "db.example.org:5432/bi"),
        (f"postgres://pops:{SECRET}@db.example.org:6543/bi?sslmode=require", "db.example.org:6543/bi"),
        (f"postgresql://pops:{SECRET}@[::1]:5433/bi", "::1:5433/bi"),
        (f"postgresql:///bi?host=/run/postgresql&user=pops&password={SECRET}", "/run/postgresql:5432/bi"),
        ("postgresql://db.example.org/bi", "db.example.org:5432/bi"),
    ],
)
def test_what_may_be_shown_has_no_password(url: str, place: str) -> None:
    found = postgres_address({URL_VARIABLE: url})
    assert found is not None
    assert found.place == place
    assert SECRET not in repr(found)
    assert found.without_secrets(f"no login with {SECRET}") == (
        "no login with ***" if SECRET in url else f"no login with {SECRET}"
    )
    assert "connect_timeout=10" in found.url
    if "sslmode" in url:
        assert "sslmode=require" in found.url


def test_every_spelling_of_the_password_is_blotted_out() -> None:
    found = postgres_address({URL_VARIABLE: "postgresql://pops:a%2Fb@c@db/bi"})
    assert found is not None
    assert found.url.startswith("postgresql://pops:a%2Fb%40c@db:5432/bi")
    assert found.without_secrets("a/b@c a%2Fb%40c a%2Fb@c") == "*** *** ***"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        (f"mysql://pops:{SECRET}@db/bi", "does not begin with postgresql://"),
        (f"postgresql+psycopg://pops:{SECRET}@db/bi", "without the name of a driver"),
        (f"pops:{SECRET}@db/bi", "does not begin with postgresql://"),
        (f"postgresql://pops:{SECRET}@db", "names no database"),
        (f"postgresql://pops:{SECRET}@/bi", "names no host"),
        (f"postgresql://pops:{SECRET}@db:port/bi", "port is not a number"),
        (f"postgresql://pops:a/{SECRET}@db/bi", "must be percent-encoded"),
        (f"postgresql://pops:a#{SECRET}@db/bi", "must be percent-encoded"),
        (f"postgresql://pops:1?{SECRET}@db/bi", "must be percent-encoded"),
        (f"postgresql://pops:1/{SECRET}@db/bi", "must be percent-encoded"),
    ],
)
def test_a_wrong_url_is_told_before_the_first_request(url: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason.replace("+", r"\+")) as refused:
        check_settings(
            {"POPS_REGISTRY_DIR": str(REGISTRY), "POPS_PSEUDONYM_KEY": PSEUDONYM_KEY, URL_VARIABLE: url}
        )
    assert URL_VARIABLE in str(refused.value)
    assert SECRET not in str(refused.value)
    assert refused.value.__cause__ is None


def test_the_readers_role_has_a_name() -> None:
    url = "postgresql://db/bi"
    default = postgres_address({URL_VARIABLE: url})
    assert default is not None
    assert default.reader == "pops_reader"
    with pytest.raises(ValueError, match=READER_VARIABLE):
        postgres_address({URL_VARIABLE: url, READER_VARIABLE: 'x"; drop'})
