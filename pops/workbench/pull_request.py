"""`pops diff`: what a change of the dbt project does to rows and metrics, as Markdown for a pull request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from checks.blockers import engine_message
from checks.dbt_tests import KEY_TESTS
from pops.workbench.metric_diff import MetricDiff, compare_metrics
from pops.workbench.table_diff import TableDiff, compare_tables
from pops.workbench.workbench import LAST_NIGHT, WORK, Outcome, Say, Workbench
from settings.home import Home
from settings.shown_text import plain

_MOST_COLUMNS = 4


@dataclass(frozen=True)
class Change:
    """What the project's files do to the data of the last night, as of its date.

    `edited`, `new`, `removed`: models, metrics and tests in the code. `downstream`: models that hang on them.
    """

    as_of: date
    edited: tuple[str, ...]
    new: tuple[str, ...]
    removed: tuple[str, ...]
    downstream: tuple[str, ...]
    tables: Mapping[str, TableDiff]
    metrics: Sequence[MetricDiff]
    outcomes: Sequence[Outcome]

    @property
    def is_good(self) -> bool:
        """Does everything build, and does every test pass that would block a night?"""
        return all(each.is_good or each.status == "warn" for each in self.outcomes)


def find_change(home: Home, say: Say, bench: Workbench | None = None) -> Change:
    """Build what differs from the last night's project, and all that hangs on it, and compare.

    Raises whatever Workbench raises.
    """
    bench = bench or Workbench(home, say)
    bench.prepare()
    modified, new = bench.select("state:modified"), bench.select("state:new")
    modified = [each for each in modified if not each.startswith("test.") or bench.is_edited(each)]
    # A new metric is none of the modified.
    affected = bench.select("state:modified+", "state:new+") if {*modified, *new} else []
    buildable = [each for each in affected if each.startswith(("model.", "test.", "unit_test."))]
    outcomes = bench.build(buildable) if buildable else []
    tables: dict[str, TableDiff] = {}
    metrics: list[MetricDiff] = []
    if outcomes:
        with bench.opened() as connection:
            for outcome in outcomes:
                if outcome.kind == "model" and outcome.is_good:
                    node = bench.manifest.nodes[outcome.unique_id]
                    name = f'"{node.schema}"."{node.name}"'
                    key = key_of(bench.manifest, outcome.unique_id)
                    tables[node.name] = compare_tables(
                        connection, f"{LAST_NIGHT}.{name}", f"{WORK}.{name}", key
                    )
    names = [_name(each) for each in affected if each.startswith("metric.")]
    if names and all(each.is_good for each in outcomes if each.kind == "model"):
        say(f"Computing {len(names)} metric(s).")
        with bench.opened() as connection:
            metrics = compare_metrics(connection, bench.semantic_manifest(), names, bench.night)
    return Change(
        bench.night.as_of,
        edited=tuple(sorted(_name(each) for each in set(modified) - set(new) if _is_told(each))),
        new=tuple(sorted(_name(each) for each in new if _is_told(each))),
        removed=tuple(sorted(_name(each) for each in bench.lost() if _is_told(each))),
        downstream=tuple(
            sorted(_name(each) for each in set(affected) - {*modified, *new} if each.startswith("model."))
        ),
        tables=tables,
        metrics=metrics,
        outcomes=outcomes,
    )


def key_of(manifest: Any, model: str) -> tuple[str, ...]:
    """The columns that name a row of a model, from the test of its key; () without one."""
    for node in manifest.nodes.values():
        test = getattr(node, "test_metadata", None)
        if test is None or node.attached_node != model:
            continue
        if test.name in KEY_TESTS:
            key = test.kwargs[KEY_TESTS[test.name]]
            return (key,) if isinstance(key, str) else tuple(key)
    return ()


def as_markdown(change: Change) -> str:
    """A comment for a pull request."""
    lines = [f"### Difference of the data, against the night as of {change.as_of}", ""]
    if not (change.edited or change.new or change.removed or change.downstream):
        return "\n".join([*lines, "No model, test or metric differs from the last night's."])
    for title, names in (("Edited", change.edited), ("New", change.new), ("Removed", change.removed)):
        if names:
            lines.append(f"- {title}: {_listed(names)}")
    if change.downstream:
        lines.append(f"- Hangs on it: {_listed(change.downstream)}")
    lines += [f"- {_tests(change.outcomes)}", ""]
    lines += [
        f"> **{each.status}** {each.name}: {_verbatim(engine_message(each.message)[:300])}"
        for each in _failed(change)
    ]
    if _failed(change):
        lines.append("")
    lines += [*_tables(change.tables), *_metrics(change.metrics)]
    return "\n".join(lines).rstrip()


def _tables(tables: Mapping[str, TableDiff]) -> list[str]:
    if not tables:
        return []
    lines = [
        "| model | rows before | rows now | added | removed | changed | where |",
        "|---|--:|--:|--:|--:|--:|---|",
    ]
    same = [name for name, diff in tables.items() if diff.is_same]
    for name, diff in tables.items():
        if diff.is_same:
            continue
        before = "new" if diff.rows_before is None else f"{diff.rows_before:,}"
        counts = f"{diff.rows_now:,} | {diff.added:,} | {diff.removed:,} | {diff.changed:,}"
        lines.append(f"| {name} | {before} | {counts} | {_where(diff)} |")
    if len(lines) == 2:
        lines = []
    return [*lines, "", f"Same rows as before: {_listed(sorted(same))}", ""] if same else [*lines, ""]


def _where(diff: TableDiff) -> str:
    widest = sorted(diff.changed_columns.items(), key=lambda each: (-each[1], each[0]))
    parts = [f"`{name}` ({count:,})" for name, count in widest[:_MOST_COLUMNS]]
    if len(widest) > _MOST_COLUMNS:
        parts.append(f"{len(widest) - _MOST_COLUMNS} more columns")
    parts += [f"new column `{name}`" for name in diff.new_columns]
    parts += [f"lost column `{name}`" for name in diff.lost_columns]
    return ", ".join(parts)


def _metrics(metrics: Sequence[MetricDiff]) -> list[str]:
    changed = [each for each in metrics if not each.is_same]
    lines = []
    if changed:
        lines = ["| metric | numbers | changed | new | gone | such as |", "|---|--:|--:|--:|--:|---|"]
        lines += [
            f"| {each.metric} | {each.numbers:,} | {each.changed:,} | {each.added:,} | {each.removed:,} | {_verbatim(each.example)} |"
            for each in changed
        ]
        lines.append("")
    same = [each.metric for each in metrics if each.is_same]
    return [*lines, f"Same numbers as before: {_listed(same)}"] if same else lines


def _verbatim(text: str) -> str:
    """Text that tools' users may have written: on GitHub, only a code span neither links nor calls anybody by name."""
    held = plain(text).replace("`", "'").replace("|", "\\|").strip()
    return f"`{held}`" if held else ""


def _tests(outcomes: Sequence[Outcome]) -> str:
    models = [each for each in outcomes if each.kind == "model"]
    tests = [each for each in outcomes if each.kind != "model"]
    good = sum(each.is_good for each in tests)
    return f"Built {sum(each.is_good for each in models)} of {len(models)} models; {good} of {len(tests)} tests pass"


def _failed(change: Change) -> list[Outcome]:
    return [each for each in change.outcomes if not each.is_good]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _name(unique_id: str) -> str:
    return unique_id.split(".", 2)[2]


def _is_told(unique_id: str) -> bool:
    """Generic tests are told with their model."""
    kind, _, name = unique_id.split(".", 2)
    return kind in ("model", "metric", "unit_test", "semantic_model") or (kind == "test" and "." not in name)
