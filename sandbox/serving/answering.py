"""The way of one request: planned fault, authentication, rate limit, the vendor's handler, and what the fault breaks."""

import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from sandbox.serving import faults
from sandbox.serving.state import SandboxState
from sandbox.vendors.api import Call, Endpoint, Handler, Page, Refusal, Vendor


def mount(vendor: Vendor, sandbox: SandboxState) -> Mount:
    """The routes of a vendor below its name; every other path there is its 404."""
    routes = [
        Route(path, _serve(vendor, sandbox, endpoint), methods=[endpoint.method])
        for endpoint in vendor.endpoints()
        for path in (endpoint.path, *endpoint.aliases)
    ]

    async def nowhere(request: Request) -> Response:
        sandbox.requests[(vendor.name, f"{request.method} (unknown path)")] += 1
        return vendor.error(404, f"no such path: {request.url.path}")

    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    return Mount(f"/{vendor.name}", routes=[*routes, Route("/{rest:path}", nowhere, methods=methods)])


def _serve(
    vendor: Vendor, sandbox: SandboxState, endpoint: Endpoint
) -> Callable[[Request], Awaitable[Response]]:
    async def serve(request: Request) -> Response:
        return await _answer(vendor, sandbox, endpoint, request)

    return serve


async def _answer(vendor: Vendor, sandbox: SandboxState, endpoint: Endpoint, request: Request) -> Response:
    call = await _read_call(vendor.name, endpoint, request)
    sandbox.requests[(vendor.name, f"{call.method} {call.path}")] += 1
    fault = sandbox.faults.draw(vendor.name, call.stream, call.query)
    if fault is not None and (early := faults.refusal(fault, vendor, call)) is not None:
        return early
    if not endpoint.open_to_all and (refused := vendor.authorise(call)) is not None:
        return refused
    headers: dict[str, str] = {}
    if endpoint.limit is not None:
        allowance = sandbox.limiter.take(endpoint.limit, vendor.name, vendor.limit_key(endpoint))
        headers = vendor.limit_headers(allowance)
        if allowance.retry_after is not None:
            response = vendor.error_to(call, 429, endpoint.limit.name)
            response.headers.update(headers)
            if vendor.sends_retry_after:
                response.headers["Retry-After"] = str(allowance.whole_seconds)
            return response
    response = await run_in_threadpool(_handle, vendor, sandbox, endpoint.handler, call, fault)
    response.headers.update(headers)
    return faults.break_response(fault, response, request) if fault is not None else response


def _handle(
    vendor: Vendor, sandbox: SandboxState, handler: Handler, call: Call, fault: faults.Fault | None
) -> Response:
    try:
        result = handler(call)
    except Refusal as refusal:
        return refusal.response
    except ValueError as problem:
        return vendor.error_to(call, 400, str(problem))
    if isinstance(result, Page) and fault is not None:
        faults.break_page(fault, result, sandbox.faults.edges)
    return vendor.present(call, result)


async def _read_call(vendor: str, endpoint: Endpoint, request: Request) -> Call:
    """Read a request: a JSON object or a form is the body; anything else counts as an empty one. `content`: the bytes."""
    raw = await request.body()
    body: Any = {}
    if raw and "x-www-form-urlencoded" in request.headers.get("content-type", ""):
        body = {name: values[-1] for name, values in parse_qs(raw.decode(errors="replace")).items()}
    elif raw:
        try:
            body = json.loads(raw)
        except ValueError:
            body = {}
    body = body if isinstance(body, dict) else {}
    return Call(
        method=request.method,
        base_url=f"{request.url.scheme}://{request.url.netloc}/{vendor}",
        path=endpoint.path,
        stream=endpoint.stream.format(operation=body.get("operationName"), **request.path_params),
        query=request.query_params,
        params=request.path_params,
        headers=request.headers,
        body=body,
        content=raw,
    )
