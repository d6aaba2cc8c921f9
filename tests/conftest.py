"""Order of the tests: three nights first, what disturbs them last, so that two workers end at about the same time."""

import pytest

_PLACES = {
    "test_end_to_end.py": 0,
    "test_other_tools.py": 1,
    # What waits for the three nights comes when they are likely to be done.
    "test_withheld_night.py": 3,
    "test_disturbed_nights.py": 3,
    "test_house_of_three_nights.py": 4,
    "test_numbers_agree.py": 4,
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: _PLACES.get(item.path.name, 2))
