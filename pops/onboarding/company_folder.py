"""A company's own folder: a registry that holds, a file for the environment, and what of it no repository may hold."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from connectors import VENDORS, connector_class, vendor_of
from connectors.registry.schema import Organisation
from connectors.settings import address_variable, secret_variables
from connectors.yaml_file import sentence_of
from reports.language import LANGUAGES

ENVIRONMENT = "product-ops.env"
_IGNORED = (ENVIRONMENT, "data/")
_ORGANISATION = """\
# The organisation whose facts this folder holds. Every day and week is cut in the reporting time zone; money is shown in the home
# currency. `owner` answers for all that owners.yml gives to nobody else.
"""
_PRODUCTS = "# The products; what a feature is part of.\n"


@dataclass(frozen=True)
class Answers:
    """What a company is asked. `week_starts_on`: monday or sunday; `currency`: ISO 4217; `tools`: names of sources."""

    name: str
    time_zone: str
    week_starts_on: str
    currency: str
    language: str
    owner: str
    tools: tuple[str, ...]

    def organisation(self) -> dict[str, Any]:
        return {
            "id": slug(self.name),
            "name": self.name,
            "owner": self.owner,
            "reporting_time_zone": self.time_zone,
            "week_starts_on": self.week_starts_on,
            "home_currency": self.currency,
        }

    def check(self) -> None:
        """Raises ValueError naming the options that are wrong."""
        wrong = []
        try:
            Organisation.model_validate(self.organisation())
        except ValidationError as error:
            options = {"reporting_time_zone": "time-zone", "home_currency": "currency", "id": "name"}
            for each in error.errors(include_url=False, include_input=False):
                key = str(each["loc"][0])
                option = f"--{options.get(key, key).replace('_', '-')}"
                context = each.get("ctx") or {}
                wrong.append(sentence_of(("organisation", option), each["msg"], each["type"], context))
        if self.language not in LANGUAGES:
            wrong.append(
                f"`--language`: there is no `{self.language}`; choose one of {', '.join(LANGUAGES)}."
            )
        unknown = [each for each in self.tools if vendor_of(each) not in VENDORS]
        if unknown:
            wrong.append(
                f"`--tools`: there is no source {', '.join(unknown)}; choose from {', '.join(VENDORS)}; "
                "another instance of one is named as jira_eu."
            )
        if wrong:
            raise ValueError(" ".join(dict.fromkeys(wrong)))


def make_folder(folder: Path, answers: Answers) -> list[Path]:
    """Write the folder of a company; the files written. Raises ValueError for wrong answers, and before it would overwrite."""
    answers.check()
    folder = folder.expanduser().absolute()
    registry = folder / "registry"
    for taken in (registry, folder / ENVIRONMENT):
        if taken.is_file() or (taken.is_dir() and any(taken.iterdir())):
            raise ValueError(f"{taken} is there already: choose another folder, or move it away.")
    registry.mkdir(parents=True, exist_ok=True)
    texts = {
        registry / "organisation.yml": _ORGANISATION + _listed("organisation", answers.organisation()),
        **_instances_file(registry, answers.tools),
        registry / "products.yml": _PRODUCTS + _listed("products", {key: answers.organisation()[key] for key in ("id", "name", "owner")}),
        folder / ENVIRONMENT: environment_file(folder, answers),
        folder / ".gitignore": _ignoring(folder / ".gitignore"),
    }  # fmt: skip
    for path, text in texts.items():
        if path.name == ENVIRONMENT:
            # It will hold secrets.
            path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")
    return list(texts)


def _instances_file(registry: Path, tools: Sequence[str]) -> dict[Path, str]:
    """The file that declares the instances among the tools that are not named like their vendor, if there are some."""
    declared = [{"id": each} for each in tools if each not in VENDORS]
    return {registry / "sources.yml": _listed("sources", *declared)} if declared else {}


def environment_file(folder: Path, answers: Answers) -> str:
    """The variables of the chosen tools for a shell, systemd or compose, without a secret."""
    lines = [
        "# Fill in what is empty and keep this file out of every repository. For a shell:",
        f"#   set -a; . {_quoted(str(folder / ENVIRONMENT))}; set +a",
        f"POPS_REGISTRY_DIR={_quoted(str(folder / 'registry'))}",
        f"POPS_HOME={_quoted(str(folder / 'data'))}",
        f"POPS_REPORT_LANGUAGE={answers.language}",
        "# People are known by a hash under this key: make it once (openssl rand -hex 32), keep a copy, never change it.",
        "POPS_PSEUDONYM_KEY=",
    ]
    for tool in answers.tools:
        kind = connector_class(tool)
        lines += ["", f"# {kind.title}: {kind.access}"]
        lines.append(f"{address_variable(tool, kind.Settings)}={kind.Settings.usual_address}")
        lines += [f"{name}=" for name in secret_variables(tool, kind.Settings)]
    return "\n".join(lines) + "\n"


def next_steps(folder: Path, tools: Sequence[str]) -> list[str]:
    """What to do with the new folder, in order."""
    file = folder.expanduser().absolute() / ENVIRONMENT
    which = "" if tools else " (the README lists the variables of each tool)"
    return [
        f"Fill in {file}{which}, then: set -a; . {_quoted(str(file))}; set +a; pops check",
        "pops discover    # reads the tools, and proposes what the registry is to say of them: read it, and correct it",
        "pops check registry && pops nightly",
    ]


def slug(name: str) -> str:
    """A name as an id: small letters of any script without accents, digits, dashes."""
    letters = "".join(each for each in unicodedata.normalize("NFKD", name) if not unicodedata.combining(each))
    return re.sub(r"[\W_]+", "-", letters.lower()).strip("-") or "unnamed"


def _listed(name: str, *entries: dict[str, Any]) -> str:
    written = yaml.safe_dump([*entries], sort_keys=False, allow_unicode=True, width=120)
    return f"{name}:\n" + "".join(f"  {line}\n" for line in written.splitlines())


def _ignoring(path: Path) -> str:
    known = path.read_text(encoding="utf-8") if path.exists() else ""
    if known and not known.endswith("\n"):
        known += "\n"
    return known + "".join(f"{each}\n" for each in _IGNORED if each not in known.splitlines())


def _quoted(text: str) -> str:
    return f'"{text}"' if re.search(r"[^\w@%+=:,./-]", text) else text
