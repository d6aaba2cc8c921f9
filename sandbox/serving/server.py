"""The sandbox as one ASGI application: a mount for each vendor and the control routes under /_sandbox."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.serving.answering import mount
from sandbox.serving.defects import NAMES as DEFECTS
from sandbox.serving.faults import KINDS, Fault
from sandbox.serving.state import SandboxState
from sandbox.vendors import CHATS, part
from sandbox.vendors.api import Vendor


def create_app(sandbox: SandboxState) -> ASGIApp:
    """The application for one sandbox. Vendors that it does not serve answer 404 on every path; chat is always there."""
    control = _Control(sandbox)
    apis: list[Vendor] = [part(name, "api").Api(sandbox) for name in (*sandbox.vendors, *CHATS)]
    mounts = [mount(api, sandbox) for api in apis]
    return _ReachTransport(Starlette(routes=[control.mount(), *mounts]))


class _Control:
    """Routes by which tests and the demo steer a running sandbox; bad input answers 400 with the reason."""

    def __init__(self, sandbox: SandboxState) -> None:
        self.sandbox = sandbox

    def mount(self) -> Mount:
        return Mount(
            "/_sandbox",
            routes=[
                Route("/health", self._answer(self.health), methods=["GET"]),
                Route("/clock", self._answer(self.clock), methods=["GET", "POST"]),
                Route("/faults", self._answer(self.faults), methods=["GET", "POST", "DELETE"]),
                Route("/defects", self._answer(self.defects), methods=["GET", "POST"]),
                Route("/requests", self._answer(self.requests), methods=["GET", "DELETE"]),
            ],
        )

    def _answer(self, handler: Callable[[str, Any], Any]) -> Callable[[Request], Awaitable[Response]]:
        async def respond(request: Request) -> Response:
            try:
                body = await request.json() if request.method == "POST" else None
                return JSONResponse(handler(request.method, body))
            except (ValueError, TypeError, KeyError) as problem:
                return JSONResponse({"error": str(problem)}, status_code=400)

        return respond

    def health(self, method: str, body: Any) -> dict[str, Any]:
        return {"status": "ok", "now": self.sandbox.now.isoformat(), "vendors": self.sandbox.vendors}

    def clock(self, method: str, body: Any) -> dict[str, Any]:
        if method == "POST":
            self.sandbox.now = datetime.fromisoformat(_field(body, "now", str))
        return {"now": self.sandbox.now.isoformat()}

    def faults(self, method: str, body: Any) -> dict[str, Any]:
        if method == "POST":
            planned = body if isinstance(body, list) else [body]
            if not all(isinstance(fault, dict) for fault in planned):
                raise ValueError('send a list of faults like [{"vendor": "zendesk", "kind": "503"}]')
            self.sandbox.faults.add([Fault.from_json(fault) for fault in planned])
        elif method == "DELETE":
            self.sandbox.faults.clear()
        if method != "GET":
            self.sandbox.forget()
        return {"faults": self.sandbox.faults.as_json(), "kinds": KINDS}

    def defects(self, method: str, body: Any) -> dict[str, Any]:
        if method == "POST":
            self.sandbox.defects.plant(_field(body, "names", list), self.sandbox.now)
            self.sandbox.forget()
        return {"names": self.sandbox.defects.active, "known": DEFECTS}

    def requests(self, method: str, body: Any) -> dict[str, Any]:
        if method == "DELETE":
            self.sandbox.requests.clear()
        counts: dict[str, dict[str, int]] = {}
        for (vendor, path), count in sorted(self.sandbox.requests.items()):
            counts.setdefault(vendor, {})[path] = count
        return {"requests": counts}


def _field(body: Any, name: str, kind: type) -> Any:
    if not isinstance(body, dict) or not isinstance(body.get(name), kind):
        raise ValueError(f"send a JSON object with {name!r}")
    return body[name]


class _ReachTransport:
    """Gives the routes a way to drop the connection, which the faults need and ASGI does not offer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        transport = getattr(getattr(send, "__self__", None), "transport", None)
        if transport is not None:
            scope["sandbox.abort"] = transport.abort
        await self._app(scope, receive, send)
