"""Every setting of the registry has an effect: some model or page reads it, or it is said here why none does."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from connectors.registry.experiments import Effect, Exposure, Variant
from connectors.registry.launches import Approval, Kpi, PlannedEvent, PrimaryKpi, Risk, Task
from connectors.registry.mapping import NoNames
from connectors.registry.schema import Registry

ROOT = Path(__file__).parents[1]
MODELS = ROOT / "dbt_project" / "models"
_STAGED = re.compile(r"\('([^']+)', '(\w+)', '\w+'\)")
_LEARNING = "dbt_project/models/intermediate/learning/int_learning__{}.sql"
# What no model reads but Python does: the file, and how it says the field.
PAGES = {
    "organisation.expected_use": ("reports/reading.py", "registry.organisation[0].expected_use"),
    "organisation.issue_url": ("connectors/registry/schema.py", "self.organisation[0].issue_url"),
    "sources.issue_url": ("connectors/registry/schema.py", "each.issue_url"),
    "organisation.owner": ("settings/owners.py", "organisation[0].owner"),
    "owners.id": ("settings/owners.py", "each.id"),
    "owners.owner": ("settings/owners.py", "each.owner"),
    "owners.slack": ("settings/owners.py", "each.slack"),
    "owners.slack_channel": ("settings/owners.py", "each.slack_channel"),
    "products.owner": ("reports/glossary_data.py", "registry.products"),
    "funnels.owner": ("reports/glossary_data.py", "registry.funnels"),
    "surveys.owner": ("reports/glossary_data.py", "registry.surveys"),
    "surveys.name": ("reports/glossary_data.py", "each.name"),
    "sources.id": ("connectors/registry/mapping.py", "entry.id"),
    "sources.revenue.period": ("connectors/registry/mapping.py", 'revenue.pop("period")'),
    **{
        f"launches.{role}.{name}": ("dbt_project/models/marts/core/dim_launch_kpi.sql", f"['{name}']")
        for role, kpi in (("primary", PrimaryKpi), ("further", Kpi), ("guardrails", Kpi))
        for name in kpi.model_fields
    },
    **{
        f"launches.{items}.{name}": (
            "dbt_project/models/intermediate/launches/int_launches__written_items.sql",
            f"'{name}'",
        )
        for items, record in (
            ("risks", Risk),
            ("approvals", Approval),
            ("communications", Task),
            ("actions", Task),
        )
        for name in record.model_fields
    },
    **{
        f"launches.events.{name}": (
            "dbt_project/models/intermediate/launches/int_launches__planned_events.sql",
            f"'{name}'",
        )
        for name in PlannedEvent.model_fields
    },
    **{
        f"experiments.{role}.{name}": (_LEARNING.format("experiment_effects"), f"\"'{name}'\"")
        for role in ("primary", "further", "guardrails")
        for name in Effect.model_fields
    },
    **{
        f"experiments.variants.{name}": (_LEARNING.format("experiment_variants"), f"\"'{name}'\"")
        for name in Variant.model_fields
    },
    **{
        f"experiments.exposure.{name}": (_LEARNING.format("exposures"), f"\"'{name}'\"")
        for name in Exposure.model_fields
    },
    "remarks.finding": ("connectors/registry/remarks.py", "key == self.finding"),
    "remarks.metric": ("connectors/registry/remarks.py", "== self.metric"),
    "remarks.text": ("connectors/registry/remarks.py", "else self.text"),
    "remarks.fr": ("connectors/registry/remarks.py", "self.fr"),
    "remarks.owner": ("reports/templates/parts.html.j2", "remark.owner"),
    "remarks.due": ("reports/digest.py", "step.due"),
    "stages.name": ("reports/reading.py", "each.name"),
    "glossary.id": ("reports/glossary_data.py", "entry.id"),
    "glossary.kind": ("reports/glossary_data.py", "each.kind"),
    "glossary.name": ("reports/glossary_data.py", "entry.name"),
    "glossary.description": ("reports/glossary_data.py", "entry.description"),
    "glossary.metrics": ("reports/glossary_data.py", "each.metrics"),
    "glossary.fr.name": ("reports/glossary_data.py", "french.name"),
    "glossary.fr.description": ("reports/glossary_data.py", "french.description"),
}
# What a staging model makes of a list, and hands on by this name.
HANDED_ON_AS = {"exclusions.values": "value", "calendar.id": "calendar_date"}
# Why nothing reads them.
WITHOUT_EFFECT = {
    "remarks.id": "names the entry in what is said of a broken registry",
    "calendar.name": "says to who reads the file which holiday it is, or whose hours",
    "targets.id": "names the entry in what is said of a broken registry",
    "exchange_rates.id": "names the entry in what is said of a broken registry",
}


def models_in(annotation: Any) -> list[type[BaseModel]]:
    """The records that a field holds, or holds a list of; of one that may hold several, each."""
    if isinstance(annotation, type):
        return [annotation] if issubclass(annotation, BaseModel) and annotation is not NoNames else []
    return [found for each in get_args(annotation) for found in models_in(each)]


def settings_of(model: type[BaseModel], path: str) -> Iterator[str]:
    """Every setting below a record, by its path as the file spells it."""
    for name, field in model.model_fields.items():
        place = f"{path}.{field.alias or name}"
        inner = models_in(field.annotation)
        yield from [each for record in inner for each in settings_of(record, place)] or [place]


SETTINGS = list(dict.fromkeys(each.removeprefix(".") for each in settings_of(Registry, "")))


def texts() -> dict[str, str]:
    """The SQL of every model; of a mart that is another model's rows also its contract, which is its list of columns."""
    found = {}
    for path in MODELS.rglob("*.sql"):
        sql = path.read_text()
        found[path.stem] = sql + (path.with_suffix(".yml").read_text() if "select_contract" in sql else "")
    return found


def names_of(setting: str, staging: str) -> set[str]:
    """By what names a staging model hands a setting on: a column, or a property of one that holds JSON."""
    _, path = setting.split(".", 1)
    if setting in HANDED_ON_AS:
        return {HANDED_ON_AS[setting]}
    staged = dict(_STAGED.findall(staging))
    if path in staged:
        return {staged[path]}
    return {f"'{path.rsplit('.', 1)[1]}'"} if path.split(".")[0] in staged else set()


def is_said(name: str, sql: str) -> bool:
    if name.endswith("_field"):
        # The hidden fields of a form are read in a loop over their names.
        return f"'{name.removesuffix('_field')}'" in sql and "'_field'" in sql
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", sql) is not None


def readers(setting: str) -> list[str]:
    """The models that read a setting from its staging model; those that stage it from a list of that model count too."""
    stream, models = setting.split(".", 1)[0], texts()
    return [
        reader
        for staging, sql in models.items()
        if f"source('registry', '{stream}')" in sql
        for name in names_of(setting, sql)
        for reader, text in models.items()
        if reader != staging and f"ref('{staging}')" in text and is_said(name, text)
    ]


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_setting_has_an_effect(setting: str) -> None:
    if setting.startswith("sources.") and setting not in PAGES:
        # What the SQL is written by: staging asks for it by its name, or the macro does that it calls.
        name = (
            setting.removesuffix(".group")
            .removesuffix(".user_property")
            .removesuffix(".event_property")
            .rsplit(".", 1)[1]
        )
        macros = [
            (ROOT / "dbt_project" / "macros" / f"{file}.sql").read_text() for file in ("mapping", "crm")
        ]
        asked = re.compile(
            rf"mapped\w*\([^)]*'{name}'|\.{name}\b|get\('{name}'|_tag\('{name}'|\('{name}', '\w+'\)"
        )
        assert any(asked.search(sql) for sql in (*texts().values(), *macros)), setting
    elif setting in PAGES:
        file, words = PAGES[setting]
        assert words in (ROOT / file).read_text(), setting
    else:
        assert bool(readers(setting)) != (setting in WITHOUT_EFFECT), setting


def test_only_settings_are_excused() -> None:
    assert len(SETTINGS) > 80
    assert {*PAGES, *HANDED_ON_AS, *WITHOUT_EFFECT} <= set(SETTINGS)
