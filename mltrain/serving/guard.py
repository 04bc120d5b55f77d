"""Who may ask: the names by which the server is called, the token, and how large bodies may be, alone and together."""

import asyncio
import hmac
import time
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mltrain.serving.counters import Counters
from mltrain.serving.refused import Refused
from mltrain.serving.settings import LOOPBACK, Settings

OPEN = ("/healthz", "/readyz", "/v2/health/live", "/v2/health/ready")
"""What may be asked without a token: it tells nothing but whether the server runs."""

_PASSED_OVER = 64 * 2**20
"""Bytes that are read and dropped of a body that is too long: most clients read no answer before all is sent."""

_CLOSE = {"Connection": "close"}

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

_HEADERS = ((b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-store"))


class Guard:
    """Lets through what is allowed, and counts every request."""

    def __init__(self, app: ASGIApp, settings: Settings, counters: Counters):
        self._app, self._settings, self._counters = app, settings, counters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def told(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *_HEADERS]
            await send(message)

        self._counters.in_progress += 1
        try:
            refused = self._refusal(scope)
            app = self._app if refused is None else response(refused, scope["path"])
            await app(scope, receive, told)
        finally:
            self._counters.in_progress -= 1
            endpoint = getattr(scope.get("endpoint"), "__name__", "none")
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self._counters.request(endpoint, method, status, time.perf_counter() - began)

    def _refusal(self, scope: Scope) -> Refused | None:
        """Why a request is not let through; None if it is."""
        headers = dict(scope["headers"])
        token, hosts = self._settings.token, self._settings.hosts
        host = _without_port(headers.get(b"host", b"").decode("latin-1"))
        if (token is None or hosts) and host not in (*LOOPBACK, *hosts):
            # A page from elsewhere whose name was made to mean this machine (DNS rebinding) has that name as its host.
            return Refused(403, f"this server is not called {host!r}; allow the name with --allowed-host")
        if token is None:
            if not _is_local(scope):
                return Refused(403, "without a token, this server is for its own machine; see --token-file")
        elif scope["path"] not in OPEN and not _brings(headers.get(b"authorization", b""), token):
            challenge = {"WWW-Authenticate": 'Bearer realm="mltrain"'}
            return Refused(
                401, "a token is missing or wrong; send the header Authorization: Bearer TOKEN", headers=challenge
            )
        return None


def response(refused: Refused, path: str) -> JSONResponse:
    """The response that says why a request of that path is refused."""
    return JSONResponse(refused.document(path), refused.status, refused.headers)


class Bodies:
    """Reads bodies of requests. Those that are held at a time have a limit together, so that memory has one."""

    def __init__(self, settings: Settings, counters: Counters):
        self._most, self._seconds, self._counters = settings.most_bytes, settings.seconds, counters
        self._most_together = max(settings.most_bytes, settings.most_memory)

    @asynccontextmanager
    async def read(self, request: Request, deadline: float) -> AsyncIterator[bytes]:
        """The body of a request, which counts as held until the block ends. Raises `Refused`."""
        parts: list[bytes] = []
        try:
            try:
                async with asyncio.timeout(deadline - time.monotonic()):
                    await self._collect(request, parts)
            except TimeoutError:
                raise Refused(
                    408, f"the body did not arrive within {self._seconds:g} seconds", headers=_CLOSE
                ) from None
            except ClientDisconnect:
                raise Refused(400, "the request ended before its body") from None
            yield b"".join(parts)
        finally:
            self._drop(parts)

    async def _collect(self, request: Request, parts: list[bytes]) -> None:
        most, total, refused = self._most, 0, None
        too_long = Refused(413, f"the body has more than {most:,} bytes; send fewer rows a request", headers=_CLOSE)
        length = request.headers.get("content-length", "")
        if length.isdecimal() and int(length) > most + _PASSED_OVER:
            raise too_long
        async for part in request.stream():
            total += len(part)
            if total > most + _PASSED_OVER:
                raise too_long
            if total > most:
                refused = too_long
            elif self._counters.body_bytes + len(part) > self._most_together:
                headers = {"Retry-After": "1", **_CLOSE}
                refused = refused or Refused(503, "the server holds too many bodies; try again later", headers=headers)
            if refused is not None:
                self._drop(parts)
                continue
            parts.append(part)
            self._counters.body_bytes += len(part)
        if refused is not None:
            raise refused

    def _drop(self, parts: list[bytes]) -> None:
        self._counters.body_bytes -= sum(map(len, parts))
        parts.clear()


def _brings(authorization: bytes, token: str) -> bool:
    kind, _, brought = authorization.partition(b" ")
    return kind.lower() == b"bearer" and hmac.compare_digest(brought.strip(), token.encode())


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    name, _, port = host.rpartition(":")
    return (name if name and port.isdecimal() else host).lower()


def _is_local(scope: MutableMapping[str, Any]) -> bool:
    """Whether a request came in at an address that this machine alone has, or at a socket in a folder."""
    server = scope.get("server")
    if server is None or server[1] is None:
        return True
    try:
        return ip_address(server[0]).is_loopback
    except ValueError:  # a name, as test clients have it
        return server[0] in LOOPBACK
