"""Order of the tests: the long ones first, so that two workers end at about the same time. No test judges time."""

import os
import shutil
import tempfile
from collections.abc import Generator, Iterator

import pytest
from hypothesis import settings

from connectors import redaction
from sandbox.serving.environment import REGISTRY
from settings.importing import uncollected
from tests.parsed_project import SHARED

# Of the make-believe company, unless a test says otherwise.
os.environ["POPS_REGISTRY_DIR"] = str(REGISTRY)

# How long an example takes says how busy the machine is.
settings.register_profile("tests", deadline=None)
settings.load_profile("tests")


def pytest_configure(config: pytest.Config) -> None:
    if SHARED not in os.environ:
        os.environ[SHARED] = tempfile.mkdtemp(prefix="tests-")
        config.add_cleanup(lambda: shutil.rmtree(os.environ.pop(SHARED), ignore_errors=True))


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    with uncollected():
        return (yield)


@pytest.fixture(autouse=True)
def _secrets_of_one_test_are_no_secrets_of_the_next() -> Iterator[None]:
    """A process remembers them for good, and one test's may be a word that another's messages hold."""
    known = set(redaction._secrets)
    yield
    redaction._secrets.clear()
    redaction._secrets.update(known)


# A night that runs within a test's own process shuts its files from others, and all that the process writes from then on.
_UMASK = os.umask(0o022)
os.umask(_UMASK)


@pytest.fixture(autouse=True)
def _files_of_one_night_are_shut_and_no_others() -> Iterator[None]:
    yield
    os.umask(_UMASK)


_PLACES = {
    name: place
    for place, name in enumerate((
        "test_end_to_end.py",
        "test_other_tools.py",
        "test_recipes.py",
        "test_wheel.py",
        # What needs the three nights: by now the worker that has run them is free.
        "test_disturbed_nights.py",
        "test_withheld_night.py",
        "test_numbers_agree.py",
        "test_house_of_three_nights.py",
        "test_launch_stories.py",
        "test_contract.py",
    ))
}  # fmt: skip


# Who uses one of these runs nights, builds the project with dbt, tries every connector, or starts a server or a browser.
_SLOW = frozenset({
    "Browser", "CASES", "Compiled", "DbtProject", "EngineerCopy", "House", "build", "dbtRunner", "postgres", "run_unit_tests", "three_nights", "venv",
})  # fmt: skip


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: _PLACES.get(item.path.name, len(_PLACES)))
    for item in items:
        if isinstance(item, pytest.Function) and _SLOW & vars(item.module).keys():
            item.add_marker("slow")
