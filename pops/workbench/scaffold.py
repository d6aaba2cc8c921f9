"""`pops new`: files for a new source, model or check that work as they are, and lines in the lists that name it.

What is written follows the recipes of CONTRIBUTING.md. Nothing is written before everything is known to fit. Run in the
organisation's own repository, it writes there; what only this project has (the sandbox, lists of sources) is then left out.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

import jinja2

from connectors import SOURCES
from connectors.company import repository
from connectors.contract import Family
from settings.families import FAMILIES
from settings.home import PROJECT_ROOT, is_checkout

_TEMPLATES = Path(__file__).parent / "templates"
# Folder of a model's layer, by the beginning of its name.
_LAYERS = {"int": "intermediate", "dim": "marts", "fct": "marts", "bridge": "marts", "mart": "marts"}
# Names of files and tables are made of it, which PostgreSQL cuts at 63 characters.
_WORD = r"(?=.{1,60}$)[a-z][a-z0-9]*(_[a-z0-9]+)*"


@dataclass(frozen=True)
class Place:
    """Where new files go. `models`, `checks`: folders below `root`."""

    root: Path
    models: str = "dbt_project/models"
    checks: str = "dbt_project/tests"
    is_own: bool = False

    @classmethod
    def here(cls) -> "Place":
        """The organisation's repository when that is the current folder or around it, else the checkout of this project.

        Raises ScaffoldError where there is neither.
        """
        own = repository()
        if own is not None and Path.cwd().is_relative_to(own.resolve()):
            return cls(own, "models", "checks", True)
        if not is_checkout():
            raise ScaffoldError(
                "There is no project to write into: run it in the folder that holds your `registry`; `pops init DIR` makes one."
            )
        return cls(PROJECT_ROOT)

    def files(self, kind: str) -> list[Path]:
        """The SQL files of a kind (models, checks): the product's, and own ones where it is about those."""
        folders = (
            [PROJECT_ROOT / "dbt_project" / {"models": "models", "checks": "tests"}[kind]]
            if self.is_own
            else []
        )
        folders.append(self.root / {"models": self.models, "checks": self.checks}[kind])
        return [file for folder in folders for file in folder.rglob("*.sql")]


class ScaffoldError(ValueError):
    """The name is taken or breaks a rule, or the place where a line belongs was not found."""


@dataclass
class Plan:
    """What is to be written: whole files, and lines before the first line that begins with an anchor."""

    root: Path
    files: dict[Path, str] = field(default_factory=dict)
    changed: dict[Path, str] = field(default_factory=dict)

    def add(self, path: str, template: str, values: Mapping[str, str]) -> None:
        file = self.root / path
        if file.exists():
            raise ScaffoldError(f"{path} exists already: choose another name, or edit that file.")
        self.files[file] = _rendered(template, values)

    def insert(self, path: str, anchor: str, text: str) -> None:
        """Put `text` before the line of a file that begins with `anchor` (its indentation included)."""
        file = self.root / path
        content = self.changed.get(file) or file.read_text()
        place = content.find(f"\n{anchor}") + 1
        if not place:
            raise ScaffoldError(
                f"{path} has no line that begins with {anchor.strip()!r}: add the line by hand."
            )
        self.changed[file] = content[:place] + text + content[place:]

    def write(self) -> list[str]:
        """Write everything; the paths, relative to the project's root, new files first."""
        for file, text in {**self.files, **self.changed}.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        written = [*self.files, *self.changed]
        _tidy([each for each in written if each.suffix == ".py"])
        return [str(each.relative_to(self.root)) for each in written]


def new_source(name: str, family: str, stream: str, place: Place) -> list[str]:
    """A connector, its sandbox vendor, its case in the contract suite, and its staging. Returns what was written."""
    _check_word("source", name, "acme_desk")
    _check_word("stream", stream, "tickets")
    root = place.root
    if name in SOURCES or (root / "connectors" / name).exists():
        raise ScaffoldError(f"There is a source {name} already: see connectors/{name}.")
    families = [each for each in get_args(Family) if each not in ("files", "registry")]
    if family not in families:
        raise ScaffoldError(f"There is no family {family!r}: choose one of {', '.join(families)}.")
    title = name.replace("_", " ").title()
    values = {
        "name": name,
        "stream": stream,
        "family": family,
        "title": title,
        "class": title.replace(" ", ""),
        "upper": name.upper(),
        "key": f"{stream.removesuffix('s')}_id",
        "words": stream.replace("_", " "),
    }
    plan = Plan(root)
    staging = f"{place.models}/staging/{name}"
    templates = {
        f"connectors/{name}/source.py": "source/connector.py",
        f"connectors/{name}/README.md": "source/README.md",
        f"{staging}/_{name}__sources.yml": "source/sources.yml",
        f"{staging}/stg_{name}__{stream}.yml": "source/staging.yml",
        f"{staging}/stg_{name}__{stream}.sql": "source/staging.sql",
    }
    packages = [f"connectors/{name}"]
    if not place.is_own:
        packages.append(f"sandbox/vendors/{name}")
        templates |= {
            f"sandbox/vendors/{name}/{part}.py": f"source/vendor_{part}.py"
            for part in ("api", "records", "credentials", "streams")
        }
        _join(plan, values)
    for path, template in templates.items():
        plan.add(path, template, values)
    for package in packages:
        plan.files[root / package / "__init__.py"] = f'"""{title}: {stream}."""\n'
    return plan.write()


def new_model(name: str, reads: str, date_column: str, area: str, place: Place) -> list[str]:
    """A model that counts rows by week, with its description and tests. Returns what was written."""
    prefix, _, rest = name.partition("_")
    if prefix == "stg":
        raise ScaffoldError(
            "A staging model belongs to a source: write one beside those of the source, or use `pops new source`."
        )
    if prefix not in _LAYERS:
        raise ScaffoldError(
            f"{name!r} does not say its layer: begin it with {', '.join(f'{each}_' for each in _LAYERS)}."
        )
    if prefix == "int":
        if not re.fullmatch(rf"[a-z]+__{_WORD}", rest):
            raise ScaffoldError(
                f"{name!r} is no name of an intermediate model: int_<domain>__<what_it_does>."
            )
        area = rest.partition("__")[0]
    elif not re.fullmatch(r"(?=.{1,60}$)[a-z]+(_[a-z]+)*", rest):
        raise ScaffoldError(
            f"{name!r} is no name of a mart: {prefix}_ and words of small letters, such as {prefix}_ticket_week."
        )
    if place.is_own:
        _check_word("area", area, "finance")
    else:
        _check_area(place.root / place.models / _LAYERS[prefix], area)
    if any(file.stem == name for file in place.files("models")):
        raise ScaffoldError(f"There is a model {name} already: choose another name.")
    _check_model(place, reads)
    _check_word("column", date_column, "created_date")
    folder = f"{place.models}/{_LAYERS[prefix]}/{area}"
    values = {"name": name, "reads": reads, "date": date_column}
    plan = Plan(place.root)
    plan.add(f"{folder}/{name}.sql", "model/model.sql", values)
    plan.add(f"{folder}/{name}.yml", "model/model.yml", values)
    return plan.write()


def new_check(name: str, model: str, wrong: str, place: Place) -> list[str]:
    """A test that finds the rows of a model that are wrong. Returns what was written."""
    if not re.fullmatch(rf"assert_{_WORD}", name) or name.count("_") < 3:
        raise ScaffoldError(
            f"{name!r} is no sentence: name a check by what must be true, such as assert_no_ticket_is_solved_before_it_is_created."
        )
    if any(file.stem == name for file in place.files("checks")):
        raise ScaffoldError(f"There is a check {name} already: choose another name.")
    area = _check_model(place, model).parent.name
    sentence = name.removeprefix("assert_").replace("_", " ").capitalize()
    plan = Plan(place.root)
    values = {"sentence": sentence, "model": model, "condition": wrong}
    plan.add(f"{place.checks}/{area}/{name}.sql", "check/test.sql", values)
    return plan.write()


def _join(plan: Plan, values: Mapping[str, str]) -> None:
    """Name the source in every list of sources, as second in its family: the demo goes on without it."""
    name, stream, upper = values["name"], values["stream"], values["upper"]
    row = (
        f"| {FAMILIES[values['family']]} | [{values['title']}](connectors/{name}/README.md) "
        f"| `POPS_{upper}_BASE_URL`, `_API_TOKEN` |\n"
    )
    plan.insert("README.md", "| anything else |", row)
    families = "dbt_project/models/intermediate/quality/int_quality__families.sql"
    plan.insert(families, "] %}", f"    ('{values['family']}', 'stg_{name}__{stream}'),\n")
    raw = "{{ env_var('POPS_HOME') }}/raw"
    attach = f'        - {{path: "{raw}/{name}.duckdb", alias: {name}, read_only: true}}\n'
    plan.insert("dbt_project/profiles.yml", f'        - {{path: "{raw}/files.duckdb"', attach)
    cases = "tests/contract_second_cases.py"
    plan.insert(cases, "\nCASES = {", "\n" + _rendered("source/case.py", values).rstrip() + "\n")
    plan.insert(cases, "    )\n}\n", f"        {upper},\n")


def _check_word(what: str, word: str, example: str) -> None:
    if not re.fullmatch(_WORD, word):
        raise ScaffoldError(
            f"{word!r} is no name of a {what}: small letters, digits and underscores, such as {example}."
        )


def _check_area(layer: Path, area: str) -> None:
    areas = sorted(each.name for each in layer.iterdir() if each.is_dir())
    if area not in areas:
        raise ScaffoldError(
            f"There is no area {area!r} in {layer.name}: choose one of {', '.join(areas)}, or make its folder first."
        )


def _check_model(place: Place, name: str) -> Path:
    file = next((file for file in place.files("models") if file.stem == name), None)
    if file is None:
        raise ScaffoldError(
            f"There is no model {name!r} to read: `--reads`, `--model` name one of {place.models}."
        )
    return file


def _rendered(template: str, values: Mapping[str, str]) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    return environment.get_template(f"{template}.jinja").render(values)


def _tidy(files: list[Path]) -> None:
    """Order imports and break lines as `make lint` wants them, where its tools are installed."""
    ruff = shutil.which("ruff", path=str(Path(sys.executable).parent))
    if ruff and files:
        for command in (["check", "--fix", "--select", "I"], ["format"]):
            subprocess.run([ruff, *command, "--quiet", "--no-cache", *map(str, files)], check=False)
