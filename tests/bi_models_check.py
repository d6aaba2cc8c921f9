"""A part of `make bi-check`: dbt-metabase reads its manifest, and Cube's compiler makes the SQL that gives the published numbers.

Both run apart from our environment. The home is the demo's, or that of POPS_HOME, after a night.
"""

import json
import subprocess
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from metrics.dimensions import IS_WHOLE
from pops.bi import bi_files
from pops.bi.tools import Tool
from settings.home import Home

_METABASE = """
import json, sys
from dbtmetabase.manifest import Manifest
models = Manifest(sys.argv[1]).read_models()
print(json.dumps([len(models), sum(len(each.columns) for each in models), [
    [f"{each.schema}.{each.name}.{column.name}", f"{column.fk_target_table}.{column.fk_target_field}"]
    for each in models for column in each.columns if column.semantic_type == "type/FK"
]]))
"""


def check_models(home: Home, folder: Path, python: Path, modules: Path) -> bool:
    """`python`: of the environment with dbt-metabase; `modules`: the folder with Cube's packages. Prints what was found."""
    for tool in (Tool.METABASE, Tool.CUBE):
        for name, content in bi_files(home, tool).items():
            file = folder / tool / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
    with duckdb.connect(str(home.published), read_only=True) as mart:
        is_read = _check_metabase(mart, folder / Tool.METABASE / "manifest.json", python)
        return _check_cube(mart, folder / Tool.CUBE / "model" / "cubes", modules) and is_read


def _check_metabase(mart: duckdb.DuckDBPyConnection, manifest: Path, python: Path) -> bool:
    told = subprocess.run(
        [python, "-c", _METABASE, manifest], capture_output=True, text=True, check=True
    ).stdout
    tables, columns, references = json.loads(told)
    of_readers = "from meta.columns where table_schema in ('mart', 'metrics')"
    expected = mart.execute(
        f"select count(distinct (table_schema, table_name)), count(*) {of_readers}"
    ).fetchone()
    joined = mart.execute(
        f"select concat_ws('.', table_schema, table_name, column_name), references_column {of_readers} and references_column is not null"
    ).fetchall()
    good = (tables, columns) == expected and sorted(map(tuple, references)) == sorted(joined)
    print(
        f"metabase  {'ok' if good else 'FAILED'}: {tables} tables, {columns} columns, {len(references)} references"
    )
    return good


def _check_cube(mart: duckdb.DuckDBPyConnection, folder: Path, modules: Path) -> bool:
    """Every measure that is a published metric, by its period, is the published number."""
    asked = list(_questions(mart, folder))
    told = subprocess.run(
        ["node", Path(__file__).with_name("cube_check.mjs"), modules, folder],
        input=json.dumps([query for *_, query in asked]), capture_output=True, text=True, check=False,
    )  # fmt: skip
    if told.returncode:
        print(f"cube      FAILED: {told.stderr[-2000:]}")
        return False
    wrong, compared = [], 0
    for (metric, query), answer in zip(asked, json.loads(told.stdout)["answers"], strict=True):
        # A day is a day: of the zone of the session, which the tool sets, nothing is left here.
        sql = answer["sql"].replace("::timestamptz AT TIME ZONE 'UTC'", "::timestamp")
        found = {start.date(): value for start, value in mart.execute(sql).fetchall() if start is not None}
        published = mart.execute(
            f"select period_start, value from metrics.metric_values where metric = ? and is_current and value is not null and {IS_WHOLE} "
            "order by 1 desc limit 8",
            [metric],
        ).fetchall()
        compared += len(published)
        wrong += [
            f"{metric} {start}: {found.get(start)} for {value} ({query})"
            for start, value in published
            if float(found.get(start) or 0) != pytest.approx(value)
        ]
    print(
        f"cube      {'FAILED' if wrong else 'ok'}: {len(asked)} measures, {compared} numbers, {len(wrong)} wrong"
    )
    for each in wrong[:5]:
        print(f"  {each}")
    return bool(compared) and not wrong


def _questions(mart: duckdb.DuckDBPyConnection, folder: Path) -> Any:
    grains = dict(mart.execute("select metric, any_value(grain) from meta.metrics group by 1").fetchall())
    for file in sorted(folder.glob("counted_*.yml")):
        (cube,) = yaml.safe_load(file.read_text())["cubes"]
        days = {each["name"]: each["meta"]["day"] for each in cube["measures"] if "meta" in each}
        for name, day in days.items():
            if name in grains:
                yield (
                    name,
                    {
                        "measures": [f"{cube['name']}.{name}"],
                        "timeDimensions": [
                            {"dimension": f"{cube['name']}.{day}", "granularity": grains[name]}
                        ],
                    },
                )
