"""A small organisation's repository: its registry, and code of its own, some of which does not work; and its own tool."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from textwrap import dedent
from threading import Thread

from pops.workbench.scaffold import Place, new_check, new_model, new_source
from sandbox.serving.environment import REGISTRY

TOKEN = "acme-desk-token"
COST_SQL = """
    -- Grain: one row a day and product on which a ticket was created.
    select
        created_date,
        product_id,
        count(*) as ticket_count,
        {{ cost_of('count(*)') }} as cost
    from {{ ref('fct_ticket') }}
    where is_counted
    group by created_date, product_id
    """
_COST_YAML = """
    models:
      - name: mart_ticket_cost
        description: "Grain: one row a day and product on which a ticket was created. What the tickets of that day cost."
        config:
          meta: {dagster: {owners: ["team:finance"]}}
        columns:
          - {name: created_date, description: Day., data_type: date, data_tests: [not_null]}
          - {name: product_id, description: Product., data_type: string}
          - {name: ticket_count, description: Tickets., data_type: bigint}
          - {name: cost, description: What they cost., data_type: double}
      - name: mart_broken
        description: Reads a column that there is not.
        columns: [{name: gone, description: Nothing., data_type: string}]
      - name: mart_after_broken
        description: Reads what is not built.
        columns: [{name: gone, description: Nothing., data_type: string}]
    """
_METRICS = """
    semantic_models:
      - name: own_{name}
        description: "{model}"
        model: ref('{model}')
        defaults: {{agg_time_dimension: created_date}}
        primary_entity: own_{name}
        entities: [{{name: product_id, type: foreign}}]
        dimensions: [{{name: created_date, type: time, type_params: {{time_granularity: day}}}}]
        measures: [{{name: {name}, agg: sum, expr: {column}}}]
    metrics:
      - name: {name}
        label: {name}
        description: Of the organisation's own.
        type: simple
        type_params: {{measure: {name}}}
        config:
          meta: {{unit: count, good_direction: down, grain: week, groupings: [[], [product_id]]}}
    """
GOOD = {
    "models/marts/finance/mart_ticket_cost.sql": COST_SQL,
    "models/marts/finance/finance.yml": _COST_YAML,
    "metrics/support/sem_cost.yml": _METRICS.format(
        name="tickets_with_cost", model="mart_ticket_cost", column="ticket_count"
    ),
    "macros/cost.sql": "{% macro cost_of(count) %}cast({{ count }} * 12.5 as double){% endmacro %}",
    "checks/assert_no_ticket_costs_less_than_nothing.sql": "select * from {{ ref('mart_ticket_cost') }} where cost < 0",
}
BROKEN = {
    "models/marts/finance/mart_broken.sql": "select gone from {{ ref('fct_ticket') }}",
    "models/marts/finance/mart_after_broken.sql": "select gone from {{ ref('mart_broken') }}",
    "metrics/support/sem_broken.yml": _METRICS.format(
        name="broken_metric", model="mart_ticket_cost", column="gone"
    ),
    "checks/assert_this_check_can_be_asked.sql": "select * from {{ ref('mart_ticket_cost') }} where gone",
}


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(dedent(text))


def make(folder: Path) -> Path:
    """The whole repository; what `pops new` writes is written by it. Returns the folder of the registry."""
    shutil.copytree(REGISTRY, folder / "registry")
    write(folder, GOOD | BROKEN)
    place = Place(folder, "models", "checks", is_own=True)
    new_source("acme_desk", "support", "tickets", place)
    new_model("int_acme__ticket_weeks", "stg_acme_desk__tickets", "created_at", "acme", place)
    new_check("assert_every_week_has_tickets", "int_acme__ticket_weeks", "row_count < 1", place)
    return folder / "registry"


@contextmanager
def acme_desk(count: int) -> Iterator[str]:
    """The address of the organisation's own tool, which has so many tickets."""
    rows = [
        {"id": f"t{each}", "name": "A ticket", "created_at": "2026-11-02T09:00:00Z", "updated_at": "2026-11-02T09:00:00Z"}
        for each in range(count)
    ]  # fmt: skip
    body = json.dumps({"data": rows, "next_cursor": None}).encode()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.headers.get("Authorization") == f"Bearer {TOKEN}"
            self.send_response(200 if known else 401)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body if known else b"{}")

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
