"""Order of the tests: the long ones first, then all that are slow, so that two workers end at about the same time. No test
judges time."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path

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
    """What is parsed is kept with pytest's own cache: the next session parses again what has changed."""
    if SHARED in os.environ:
        return
    cache = getattr(config, "cache", None)
    if cache is not None:
        os.environ[SHARED] = str(cache.mkdir(f"parsed-{_digest_of_parsing()}"))
        config.add_cleanup(lambda: os.environ.pop(SHARED))
        return
    os.environ[SHARED] = tempfile.mkdtemp(prefix="tests-")
    config.add_cleanup(lambda: shutil.rmtree(os.environ.pop(SHARED), ignore_errors=True))


def _digest_of_parsing() -> str:
    """Of the code that parses and compiles, of which what is kept does not tell."""
    tests = Path(__file__).parent
    code = (
        tests.parent / "orchestration" / "dbt_calls.py",
        tests / "part_nights.py",
        tests / "compiled_project.py",
    )
    return hashlib.sha256(b"".join(each.read_bytes() for each in code)).hexdigest()[:12]


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


# The longest, and those that need the three nights only when the worker that runs them is free.
_PLACES = {
    name: place
    for place, name in enumerate((
        "test_end_to_end.py",
        "test_recipes.py",
        "test_wheel.py",
        "test_other_tools.py",
        "test_disturbed_nights.py",
        "test_registry_time.py",
        "test_withheld_night.py",
        "test_staged_instances.py",
        "test_contract.py",
        "test_unit_tests_in_zones.py",
    ))
}  # fmt: skip


# Who uses one of these runs nights, parses or builds the project with dbt, compiles its metrics, draws all pages of a report,
# tries every connector, or starts a server or a browser. What reads the whole company in ways of its own says so itself.
_SLOW = frozenset({
    "Browser", "CASES", "Compiled", "DbtProject", "EngineerCopy", "House", "MetricEngine", "build", "build_with_readings",
    "Replay", "dbtRunner", "engine_of", "give_parsed", "parsed_target", "postgres", "render_pages", "run_unit_tests", "running_sandbox",
    "three_nights", "venv",
})  # fmt: skip


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if isinstance(item, pytest.Function) and _SLOW & vars(item.module).keys():
            item.add_marker("slow")
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (_PLACES.get(item.path.name, len(_PLACES)), item.path not in slow))
