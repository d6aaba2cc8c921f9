"""Order of the tests: the long ones first, so that two workers end at about the same time. No test judges time."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from connectors import redaction
from sandbox.serving.environment import REGISTRY

# Of the make-believe company, unless a test says otherwise.
os.environ["POPS_REGISTRY_DIR"] = str(REGISTRY)

# How long an example takes says how busy the machine is.
settings.register_profile("tests", deadline=None)
settings.load_profile("tests")


@pytest.fixture(autouse=True)
def _secrets_of_one_test_are_no_secrets_of_the_next() -> Iterator[None]:
    """A process remembers them for good, and one test's may be a word that another's messages hold."""
    known = set(redaction._secrets)
    yield
    redaction._secrets.clear()
    redaction._secrets.update(known)


_PLACES = {
    "test_end_to_end.py": 0,
    "test_other_tools.py": 1,
    # What needs the three nights: by now the worker that has run them is free.
    "test_disturbed_nights.py": 2,
    "test_withheld_night.py": 3,
    "test_numbers_agree.py": 4,
    "test_house_of_three_nights.py": 5,
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: _PLACES.get(item.path.name, len(_PLACES)))
