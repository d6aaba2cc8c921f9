"""The metrics of the dbt project: their definitions, what they read, and the SQL that computes them.

dbt writes `semantic_manifest.json` when it parses the project. What MetricFlow made of it is kept beside it: to compile a
night's requests takes longer than to run them, and the same manifest gives the same SQL.
"""

import fcntl
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connectors.storage import write_text
from metrics.definitions import (
    MetricDefinition,
    MetricDefinitionError,
    models_of_metrics,
    published_definitions,
)
from metrics.filters import condition_of, expression_of, expressions_of
from metrics.rolling import Sightings, rolling_count
from settings.families import sources_counted
from settings.weeks import MONDAY, FirstDay

if TYPE_CHECKING:
    from metrics.compiler import Compiler


@dataclass(frozen=True)
class CompiledRequest:
    """One SELECT and the names of its columns: the period's first day, each dimension, each metric (its own name)."""

    sql: str
    period_column: str
    dimension_columns: Mapping[str, str]


# As DuckDB calls the warehouse file of a home.
_WAREHOUSE = "warehouse"
# What stands in SQL that was compiled for any days, in the place of the first and the last of them.
_ANY_DAYS = (datetime(2001, 2, 3), datetime(2001, 2, 4))


@dataclass(frozen=True)
class SourceRows:
    """What a metric reads: the relation, the SQL of its day, and the SQL of everything else that can matter."""

    relation: str
    day: str
    columns: tuple[str, ...]


class MetricEngine:
    """Compiles metrics of one `semantic_manifest.json`, beside which lies dbt's `manifest.json`.

    Raises FileNotFoundError when dbt has not parsed the project yet, MetricDefinitionError when a definition is incomplete.
    """

    def __init__(self, semantic_manifest: Path, week_starts_on: FirstDay = MONDAY) -> None:
        if not semantic_manifest.exists():
            raise FileNotFoundError(
                f"{semantic_manifest} does not exist: parse the dbt project first (`dbt parse`)."
            )
        self._file = semantic_manifest
        self.week_starts_on = week_starts_on
        self._text = _in_the_home(semantic_manifest.read_text())
        self.version = hashlib.sha256(self._text.encode()).hexdigest()
        self._manifest: dict[str, Any] = json.loads(self._text)
        self._compiled = self._kept()
        self._is_news = False

    @cached_property
    def catalogue(self) -> str:
        """The database that the compiled SQL names: attach the warehouse under this name."""
        names = {model["node_relation"]["database"] for model in self._manifest["semantic_models"]}
        if len(names) != 1:
            raise MetricDefinitionError(f"Semantic models must lie in one database, not in {sorted(names)}.")
        return str(names.pop())

    @cached_property
    def definitions(self) -> tuple[MetricDefinition, ...]:
        """Every metric that is published, in the order of its name; those without a `grain` only feed others."""
        return published_definitions(self._manifest, self._nodes)

    def compile(self, metrics: Sequence[str], grouping: Sequence[str], grain: str) -> CompiledRequest:
        """SQL of metrics that share a grain and a grouping, for all days: callers take the periods that they want.

        The engine takes a filter by the period's column into the SELECT, for that is grouped by it.
        """
        asked = json.dumps([metrics, grouping, grain])
        if asked not in self._compiled:
            group_by = {name: self._group_by_name(metrics[0], name) for name in grouping}
            period_column = f"metric_time__{grain}"
            sql = self._compiler.sql(metrics, [period_column, *group_by.values()])
            self._compiled[asked] = CompiledRequest(sql, period_column, group_by)
            self._is_news = True
        return self._compiled[asked]

    def request(
        self, definition: MetricDefinition, grouping: Sequence[str], first_day: date, last_day: date
    ) -> CompiledRequest:
        """SQL of a published metric: as `compile` has it, but a rolling count of members, which is of these days only."""
        if not self._counts_rolling_members(definition):
            return self.compile(definition.inputs, grouping, definition.grain)
        dimension_columns = {name: self._group_by_name(definition.metric, name) for name in grouping}
        expressions = self._expressions(definition.metric)
        columns = {column: expressions[name] for name, column in dimension_columns.items()}
        period_column = f"metric_time__{definition.grain}"
        sql = rolling_count(
            self._sightings(definition.metric), (period_column, definition.metric), columns,
            definition.window_days, first_day, last_day,
        )  # fmt: skip
        return CompiledRequest(sql, period_column, dimension_columns)

    def compile_days(
        self, metrics: Sequence[str], grouping: Sequence[str], first_day: date, last_day: date
    ) -> CompiledRequest:
        """SQL of metrics over some days as a whole, both inclusive: who was there on two of them counts once.

        It is compiled once for any days. The request has no period.
        """
        asked = json.dumps([metrics, grouping, "days"])
        if asked not in self._compiled:
            group_by = {name: self._group_by_name(metrics[0], name) for name in grouping}
            sql = self._compiler.sql(metrics, list(group_by.values()), _ANY_DAYS)
            self._compiled[asked] = CompiledRequest(sql, "", group_by)
            self._is_news = True
        found = self._compiled[asked]
        sql = found.sql
        for standing, day in zip(_ANY_DAYS, (first_day, last_day), strict=True):
            sql = sql.replace(f"'{standing:%Y-%m-%d}'", f"'{day}'")
        return replace(found, sql=sql)

    def compile_all(self) -> None:
        """Let MetricFlow compile all that a night asks it for, and keep it."""
        for definition in self.definitions:
            if not self._counts_rolling_members(definition):
                for grouping in definition.groupings:
                    self.compile(definition.inputs, grouping, definition.grain)
        self.keep()

    def keep(self) -> None:
        """Keep what was compiled for the next engine of the same manifest."""
        if self._is_news:
            requests = {key: asdict(request) for key, request in self._compiled.items()}
            # A night compiles beside its steps, and the step that needs it may do the same meanwhile.
            with self._keeping.with_suffix(".lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                write_text(
                    self._keeping, json.dumps({"fingerprint": self._fingerprint, "requests": requests})
                )
            self._is_news = False

    def _kept(self) -> dict[str, CompiledRequest]:
        """What an engine of the same manifest, weeks and code has kept; nothing, where it cannot be read."""
        try:
            kept = json.loads(self._keeping.read_text())
            if kept["fingerprint"] != self._fingerprint:
                return {}
            return {key: CompiledRequest(**request) for key, request in kept["requests"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return {}

    @property
    def _keeping(self) -> Path:
        return self._file.with_name(f"{self._file.stem}_compiled.json")

    @cached_property
    def _fingerprint(self) -> str:
        """Of all that the SQL follows from."""
        code = [Path(__file__).read_text(), Path(__file__).with_name("compiler.py").read_text()]
        parts = [self.version, self.week_starts_on, version("metricflow"), *code]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    @cached_property
    def _compiler(self) -> "Compiler":
        # Where all SQL was kept, a night needs none of MetricFlow.
        from metrics.compiler import Compiler

        return Compiler(self._text, self.week_starts_on)

    def dimensions(self, metrics: Sequence[str]) -> tuple[str, ...]:
        """The names by which all of some metrics can be grouped, sorted."""
        models = [model for metric in metrics for model in self._models_of(metric)]
        # Two models' columns of one name are two dimensions to MetricFlow, unless both are entities.
        grouped = [
            {(item["name"], item["name"]) for item in model["entities"] if item["type"] == "foreign"}
            | {
                (item["name"], f"{_primary_entity(model)}__{item['name']}")
                for item in model["dimensions"]
                if item["type"] == "categorical"
            }
            for model in models
        ]
        return tuple(sorted(name for name, _ in set.intersection(*grouped)))

    def relations(self, metrics: Sequence[str]) -> tuple[str, ...]:
        """`schema.table` of everything that some metrics are counted from."""
        relations = [model["node_relation"] for metric in metrics for model in self._models_of(metric)]
        return tuple(sorted({f"{each['schema_name']}.{each['alias']}" for each in relations}))

    def sources(self, metrics: Sequence[str]) -> frozenset[str]:
        """The sources whose records some metrics count."""
        return frozenset().union(*(self._sources[model] for each in metrics for model in self._read[each]))

    def source_rows(self, metric: str) -> SourceRows:
        """The rows that a metric of one measure is made from."""
        measure, day = self._measure_and_day(metric)
        columns = {*self._expressions(metric).values()} - {day} | {expression_of(measure)}
        return SourceRows(
            str(self._model_of(metric)["node_relation"]["relation_name"]), day, tuple(sorted(columns))
        )

    def _counts_rolling_members(self, definition: MetricDefinition) -> bool:
        """Whether it is how many different members each day's window saw, and nothing else is asked with it."""
        if (
            definition.window_days == 1
            or definition.grain != "day"
            or definition.inputs != (definition.metric,)
        ):
            return False
        return bool(self._measure_and_day(definition.metric)[0]["agg"] == "count_distinct")

    def _sightings(self, metric: str) -> Sightings:
        measure, day = self._measure_and_day(metric)
        expressions, given = self._expressions(metric), self._metrics[metric]
        [of_measure] = given["type_params"]["input_measures"]
        condition = condition_of(expressions, given["filter"], of_measure["filter"])
        relation = str(self._model_of(metric)["node_relation"]["relation_name"])
        return Sightings(relation, day, expression_of(measure), f"({condition or 'true'})")

    def _measure_and_day(self, metric: str) -> tuple[dict[str, Any], str]:
        """The measure of a metric of one, and the SQL of the day by which it is counted."""
        model = self._model_of(metric)
        name = self._metrics[metric]["type_params"]["input_measures"][0]["name"]
        measure = next(each for each in model["measures"] if each["name"] == name)
        day_name = measure["agg_time_dimension"] or model["defaults"]["agg_time_dimension"]
        return measure, self._expressions(metric)[day_name]

    def _expressions(self, metric: str) -> dict[str, str]:
        """By its name, the SQL of each dimension and entity of a metric's model."""
        return expressions_of(self._model_of(metric))

    def _group_by_name(self, metric: str, name: str) -> str:
        """An entity goes by its own name in every model, a dimension by that of its model's primary entity."""
        model = self._model_of(metric)
        if any(entity["name"] == name for entity in model["entities"]):
            return name
        if any(dimension["name"] == name for dimension in model["dimensions"]):
            return f"{_primary_entity(model)}__{name}"
        raise MetricDefinitionError(
            f"Metric {metric} is grouped by {name}, which semantic model {model['name']} does not have: "
            "add the dimension there, or take it out of the metric's groupings."
        )

    def _model_of(self, metric: str) -> dict[str, Any]:
        return self._models_of(metric)[0]

    def _models_of(self, metric: str) -> list[dict[str, Any]]:
        """The semantic model of each measure of a metric, in the measures' order."""
        measures = [measure["name"] for measure in self._metrics[metric]["type_params"]["input_measures"]]
        return [
            next(
                model
                for model in self._manifest["semantic_models"]
                if any(candidate["name"] == measure for candidate in model["measures"])
            )
            for measure in measures
        ]

    @cached_property
    def _nodes(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._file.with_name("manifest.json").read_text())
        return found

    @cached_property
    def _sources(self) -> dict[str, frozenset[str]]:
        return sources_counted(self._nodes)

    @cached_property
    def _read(self) -> dict[str, frozenset[str]]:
        return models_of_metrics(self._manifest, self._nodes)

    @cached_property
    def _metrics(self) -> dict[str, dict[str, Any]]:
        return {metric["name"]: metric for metric in self._manifest["metrics"]}


def _primary_entity(model: Mapping[str, Any]) -> str:
    if model["primary_entity"]:
        return str(model["primary_entity"])
    return str(next(entity["name"] for entity in model["entities"] if entity["type"] == "primary"))


def _in_the_home(manifest: str) -> str:
    """The manifest with the relations of another engine as they stand in the warehouse file of the home."""
    found = json.loads(manifest)
    models, spines = found["semantic_models"], found["project_configuration"]["time_spines"]
    relations = [each["node_relation"] for each in (*models, *spines)]
    # The embedded engine alone quotes names; its database is the home's, or an engineer's own.
    elsewhere = [each for each in relations if each and not each["relation_name"].startswith('"')]
    for each in elsewhere:
        place = (_WAREHOUSE, each["schema_name"], each["alias"])
        each |= {"database": _WAREHOUSE, "relation_name": ".".join(f'"{name}"' for name in place)}
    return json.dumps(found) if elsewhere else manifest
