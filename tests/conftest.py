"""Order of the tests: the nights, which take longest, begin first, so that the workers end together."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.name != "test_end_to_end.py")
