"""Connector and sandbox, with the vendor's own OpenAPI description between them: no request or answer violates it.

Collected where POPS_TEST_SPECIFICATIONS names a folder with the descriptions, and Prism (npm `@stoplight/prism-cli`) is
on the PATH.
"""

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.runner import run_source
from sandbox.serving.running import running_app, running_sandbox
from tests.nights import NIGHTS, night_moment
from tests.vendor_reading import HISTORY_START

NOW = night_moment(NIGHTS[-1])
START_SECONDS = 90
# Of other descriptions: tokens, and Productboard's links to Jira.
BESIDE = ("/oauth/tokens", "/v2/jira-integrations")
HOP_HEADERS = ("connection", "content-encoding", "content-length", "host", "transfer-encoding")


@dataclass(frozen=True)
class Description:
    """A vendor's description: its file, and the paths that it covers.

    `root`: what stands before the description's own paths. `undescribed`: paths below `prefix` that the vendor has and
    the description does not know.
    """

    file: str
    prefix: str
    undescribed: tuple[str, ...] = ()
    root: str = ""


DESCRIPTIONS = {
    "jira": (
        # The description is older than the search by token and the changelogs in bulk.
        Description(
            "jira_platform.json",
            "/rest/api/3/",
            (
                "/rest/api/3/search/jql",
                "/rest/api/3/search/approximate-count",
                "/rest/api/3/changelog/bulkfetch",
            ),
        ),
        Description("jira_agile.json", "/rest/agile/"),
    ),
    "zendesk": (Description("zendesk_support.yaml", "/api/v2/"),),
    "intercom": (Description("intercom.yaml", "/"),),
    "launchdarkly": (Description("launchdarkly.yaml", "/api/v2/"),),
    "growthbook": (Description("growthbook.yaml", "/"),),
    "productboard": (
        Description("productboard_notes.openapi.json", "/v2/notes", root="/v2"),
        Description("productboard_entities.openapi.json", "/v2/entities", root="/v2"),
    ),
}
FOLDER = os.environ.get("POPS_TEST_SPECIFICATIONS", "")
VENDORS = [
    vendor
    for vendor, parts in DESCRIPTIONS.items()
    if FOLDER and shutil.which("prism") and all((Path(FOLDER) / part.file).exists() for part in parts)
]
__test__ = bool(VENDORS)


class Loader(yaml.CSafeLoader):
    """Takes a lone `=` for the text that it is."""


Loader.add_constructor("tag:yaml.org,2002:value", lambda loader, node: str(node.value))


def opened(schema: Any) -> Any:
    """A description in which no object is closed."""
    if isinstance(schema, list):
        return [opened(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: opened(value)
        for name, value in schema.items()
        if (name, value) != ("additionalProperties", False)
    }


def completed(vendor: str, file: Path, target: Path) -> Path:
    """A copy of a description with what the vendor's documentation says besides it."""
    described = yaml.load(file.read_text(), Loader=Loader)
    if vendor == "growthbook":
        # A page is said to be its rows and its place, each of which allows nothing beside itself.
        described = opened(described)
    schemes = described["components"].setdefault("securitySchemes", {})
    if vendor == "zendesk":
        # OAuth access tokens, which the description leaves out.
        schemes["bearer"] = {"type": "http", "scheme": "bearer"}
        described["security"] = [{"bearer": []}]
        # Incremental exports show deleted tickets.
        status = described["components"]["schemas"]["TicketObject"]["properties"]["status"]
        status["enum"] = [*status["enum"], "deleted"]
    for path in described["paths"].values():
        for operation in path.values():
            if vendor == "zendesk" and isinstance(operation, dict):
                operation.pop("security", None)
            if vendor == "jira" and isinstance(operation, dict) and operation.get("security"):
                # API tokens are taken wherever apps' OAuth is.
                operation["security"].append({"basicAuth": []})
    # YAML knows dates, JSON does not.
    target.write_text(json.dumps(described, default=str))
    return target


@contextmanager
def prism(description: Path, upstream: str) -> Iterator[str]:
    """Prism as a proxy that answers with an error what violates the description."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    command = ["prism", "proxy", "--errors", "-h", "127.0.0.1", "-p", str(port), str(description), upstream]
    log = description.with_suffix(".log")
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + START_SECONDS
        while "Prism is listening" not in log.read_text():
            assert process.poll() is None, log.read_text()[-2000:]
            assert time.monotonic() < deadline, "Prism did not start"
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


@dataclass
class Seen:
    checked: int
    unchecked: set[str]
    violations: list[str]


def between(routes: list[tuple[Description, str]], upstream: str, seen: Seen) -> Starlette:
    """An application that leads each request through the description that covers its path."""
    client = httpx.AsyncClient(timeout=120)

    async def lead(request: Request) -> Response:
        path = request.url.path
        place = upstream + path
        for part, url in routes:
            if path.startswith(part.prefix) and path not in part.undescribed:
                place = url + path.removeprefix(part.root)
        if place == upstream + path:
            seen.unchecked.add(path)
        else:
            seen.checked += 1
        headers = {name: value for name, value in request.headers.items() if name not in HOP_HEADERS}
        headers["accept-encoding"] = "identity"
        query = f"?{request.url.query}" if request.url.query else ""
        answer = await client.request(
            request.method,
            f"{place}{query}",
            headers=headers,
            content=await request.body(),
        )
        if "stoplight.io/prism" in answer.text[:200]:
            # Of the errors, this one is not asked for again.
            answer.status_code = 400
            seen.violations.append(f"{request.method} {path}: {answer.text[:2000]}")
        kept = {name: value for name, value in answer.headers.items() if name.lower() not in HOP_HEADERS}
        # Links to further pages lead through here too.
        content = answer.content.replace(f"{upstream}/".encode(), str(request.base_url).encode())
        return Response(content, answer.status_code, kept)

    return Starlette(routes=[Route("/{path:path}", lead, methods=["GET", "POST"])])


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_full_reading_violates_nothing(vendor: str, tmp_path: Path) -> None:
    seen = Seen(0, set(), [])
    with ExitStack() as stack:
        sandbox = stack.enter_context(running_sandbox(only=(vendor,), now=NOW))
        upstream = f"{sandbox.base_url}/{vendor}"
        routes: list[tuple[Description, str]] = []
        for part in DESCRIPTIONS[vendor]:
            description = completed(vendor, Path(FOLDER) / part.file, tmp_path / f"{part.file}.json")
            routes.append((part, stack.enter_context(prism(description, upstream + part.root))))
        base_url = stack.enter_context(running_app(between(routes, upstream, seen)))
        settings: dict[str, Any] = {**sandbox.environment(), f"POPS_{vendor.upper()}_BASE_URL": base_url}
        run = run_source(vendor, tmp_path / "home", NOW, HISTORY_START, settings)
    assert seen.violations == []
    assert (run.outcome, run.error) == ("ok", None)
    assert seen.checked > 3
    undescribed = {path for part in DESCRIPTIONS[vendor] for path in part.undescribed}
    assert {path for path in seen.unchecked if not path.startswith(BESIDE)} <= undescribed
