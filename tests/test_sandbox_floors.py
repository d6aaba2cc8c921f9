"""The sandbox stays in floors: facts below vendors below serving, truth beside; nobody's vendor stands in a shared list."""

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from sandbox.company import catalogue
from sandbox.vendors import CHATS, VENDORS

ROOT = Path(__file__).resolve().parent.parent
SANDBOX = ROOT / "sandbox"
# What each floor may import, itself included.
FLOORS = {
    "company": {"company"},
    "vendors": {"company", "vendors"},
    "truth": {"company", "truth"},
    "serving": {"company", "vendors", "serving"},
}
SHAPE = ("__init__", "api", "credentials", "records", "streams")
FILES = sorted(SANDBOX.rglob("*.py"))


def imported(path: Path) -> set[str]:
    """Modules and packages of the sandbox that a file names in its imports, those for type checkers only included."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "sandbox":
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.startswith("sandbox")}
    return found


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@pytest.mark.parametrize("floor", FLOORS)
def test_imports_run_downwards(floor: str) -> None:
    paths = sorted((SANDBOX / floor).rglob("*.py"))
    assert paths
    for path in paths:
        floors = {module.split(".")[1] for module in imported(path) if module != "sandbox"}
        assert floors <= FLOORS[floor], f"{path.relative_to(ROOT)} imports {floors - FLOORS[floor]}"


def test_no_vendor_knows_another() -> None:
    for vendor in (*VENDORS, *CHATS):
        for path in (SANDBOX / "vendors" / vendor).glob("*.py"):
            known = {
                module.split(".")[2] for module in imported(path) if module.startswith("sandbox.vendors.")
            }
            assert not known & {*VENDORS, *CHATS} - {vendor}, path


def test_no_import_comes_back() -> None:
    """CycleError names the circle."""
    modules = {module_of(path) for path in FILES}
    graph = {module_of(path): (imported(path) & modules) - {module_of(path)} for path in FILES}
    assert len(tuple(TopologicalSorter(graph).static_order())) == len(modules)


def test_the_company_knows_no_vendor() -> None:
    """But for its own features that are named after the tools which they work with, and their launches."""
    own = [
        word
        for feature in catalogue.FEATURES
        for word in (feature.id, feature.name, *(rule.event for rule in feature.events), *feature.ticket_tags)
    ] + [launch.id for launch in catalogue.LAUNCHES]
    names = re.compile("|".join((*VENDORS, *CHATS)), re.IGNORECASE)
    for path in (SANDBOX / "company").rglob("*.py"):
        text = path.read_text()
        for word in sorted(own, key=len, reverse=True):
            text = text.replace(word, "")
        assert not names.findall(text), path


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_vendor_has_the_one_shape(vendor: str) -> None:
    folder = SANDBOX / "vendors" / vendor
    assert {path.stem for path in folder.glob("*.py")} >= set(SHAPE)


def test_nothing_that_serves_lists_the_vendors() -> None:
    """Two vendors in one line of code are a list in the making: a third would have to be added there."""
    for path in [
        *(SANDBOX / "serving").glob("*.py"),
        *(SANDBOX / "vendors").glob("*.py"),
        SANDBOX / "__main__.py",
    ]:
        if path.name == "defects.py":
            continue
        names = {
            node.value
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        assert len(names & set(VENDORS)) < 2, path
