"""Order of the tests: three nights first, what disturbs them last, so that two workers end at about the same time."""

import pytest

_PLACES = {"test_end_to_end.py": 0, "test_disturbed_nights.py": 2}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: _PLACES.get(item.path.name, 1))
