"""The organisation's own models, metrics, checks and macros, beside those of the product: one dbt project of both.

They lie in `models/`, `metrics/`, `checks/` and `macros/` of its repository. dbt reads only what lies below its project, and writes what
it compiles by the same paths, so where there is any, the project is a folder of the home, in which ours and theirs are linked.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from connectors import INSTALLED, OWN_SOURCES, connector_class
from connectors.company import own_folder
from connectors.storage import write_text
from settings.home import DBT_PROJECT, Home, text_of

KINDS = ("models", "metrics", "checks", "macros")
# What dbt makes a node of.
NODES = KINDS[:3]
# Where they are in the project.
OWN = "own"
_LAYERS = ("staging", "intermediate", "marts")
_MACRO = re.compile(r"{%-?\s*(?:macro|test|materialization)\s+(\w+)")
_LINKED = ("dbt_project.yml", "macros", "models", "plugins", "tests")


def own_folders(env: Mapping[str, str] = os.environ) -> dict[str, Path]:
    """By kind, the folders of own code that there are."""
    found = {kind: own_folder(kind, env) for kind in KINDS}
    return {kind: folder for kind, folder in found.items() if folder is not None}


def metric_folders(env: Mapping[str, str] = os.environ) -> list[Path]:
    """Where metrics are defined: by the product, and by the organisation."""
    own = own_folders(env)
    return [DBT_PROJECT / "models" / "metrics", *(own[kind] for kind in ("models", "metrics") if kind in own)]


def is_own(node: Mapping[str, Any]) -> bool:
    """Whether a node of dbt's manifest, or a metric there, is the organisation's own."""
    return str(node["original_file_path"]).startswith(f"{OWN}/")


def dbt_project(home: Home, product: Path = DBT_PROJECT, env: Mapping[str, str] = os.environ) -> Path:
    """The folder of the dbt project: the product's, or in the home one that links both. It holds the profile too."""
    folders = own_folders(env)
    if not (folders or OWN_SOURCES):
        return product
    project = home.dbt_target / "project"
    (project / OWN).mkdir(parents=True, exist_ok=True)
    for name in _LINKED:
        _link(project / name, product / name)
    for kind in KINDS:
        _link(project / OWN / kind, folders.get(kind))
    profile = _profile(product)
    if text_of(project / "profiles.yml") != profile:
        write_text(project / "profiles.yml", profile)
    return project


def _link(link: Path, target: Path | None) -> None:
    if target is None:
        link.unlink(missing_ok=True)
    elif not (link.is_symlink() and link.readlink() == target):
        # Two processes of a night may do so at once.
        unfinished = link.with_name(f"{link.name}.{os.getpid()}")
        unfinished.symlink_to(target)
        unfinished.replace(link)


def _profile(product: Path) -> str:
    """The product's, which attaches the raw files of own sources too."""
    text = (product / "profiles.yml").read_text(encoding="utf-8")
    if not OWN_SOURCES:
        return text
    profiles = yaml.safe_load(text)
    next(iter(profiles.values()))["outputs"]["embedded"]["attach"] += [
        {"path": f"{{{{ env_var('POPS_HOME') }}}}/raw/{name}.duckdb", "alias": name, "read_only": True}
        for name in OWN_SOURCES
    ]
    return yaml.safe_dump(profiles)


def refuse_wrong_code(env: Mapping[str, str] = os.environ) -> None:
    """Raises ValueError for own files whose name is taken or that lie where no layer is, before dbt reads any of them, and for
    an own connector that cannot be used."""
    folders = own_folders(env)
    wrong = [*_wrong_places(folders), *_taken_macros(folders), *_taken_sources(env)]
    if wrong:
        raise ValueError(" ".join(wrong))
    for source in OWN_SOURCES:
        connector_class(source)


def _wrong_places(folders: Mapping[str, Path]) -> list[str]:
    wrong = []
    for kind, ours in (("models", "models"), ("checks", "tests")):
        if kind not in folders:
            continue
        taken = {path.stem: path for path in (DBT_PROJECT / ours).rglob("*.sql")}
        for path in sorted(_code(folders[kind])):
            place = path.relative_to(folders[kind]).parts
            if path.stem in taken:
                wrong.append(
                    f"{path}: the product has a {kind.removesuffix('s')} `{path.stem}` itself: give yours another name."
                )
            elif kind == "models" and (len(place) != 3 or place[0] not in _LAYERS):
                wrong.append(
                    f"{path}: a model lies in `models/<layer>/<area>/`, where the layer is one of {', '.join(_LAYERS)}: move it there."
                )
    return wrong


def _taken_macros(folders: Mapping[str, Path]) -> list[str]:
    if "macros" not in folders:
        return []
    ours = {name for _, name in _macros(DBT_PROJECT / "macros")}
    return [
        f"{path}: the product has a macro `{name}` itself: give yours another name."
        for path, name in _macros(folders["macros"])
        if name in ours
    ]


def _macros(folder: Path) -> list[tuple[Path, str]]:
    """Each macro of a folder with its file."""
    return [
        (path, name)
        for path in sorted(folder.rglob("*.sql"))
        for name in _MACRO.findall(path.read_text(encoding="utf-8", errors="replace"))
    ]


def _code(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.suffix in (".sql", ".py")]


def _taken_sources(env: Mapping[str, str]) -> list[str]:
    folder = own_folder("connectors", env)
    found = [] if folder is None else sorted(folder.glob("*/source.py"))
    named = [(str(path.parent), path.parent.name) for path in found]
    named += [(f"{each.value} (an installed package)", name) for name, each in INSTALLED.items()]
    return [
        f"{place}: the product has a source `{name}` itself: give yours another name."
        for place, name in named
        if name not in OWN_SOURCES and (DBT_PROJECT.parent / "connectors" / name).exists()
    ]
