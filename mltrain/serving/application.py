"""The ASGI app: which address is answered by what."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from mltrain.errors import MltrainError
from mltrain.serving import inference_protocol
from mltrain.serving.answering import Answer, answer, chosen_type
from mltrain.serving.counters import CONTENT_TYPE, Counters
from mltrain.serving.description import describe
from mltrain.serving.guard import Bodies, Guard, response
from mltrain.serving.models import Models
from mltrain.serving.openapi import openapi
from mltrain.serving.reading import JSON, Check, predict_body
from mltrain.serving.refused import Refused, unprocessable
from mltrain.serving.served_model import About, Predicted, ServedModel
from mltrain.serving.settings import Settings
from mltrain.serving.workers import Workers

T = TypeVar("T")

_SHORT = 0.001
"""Seconds up to which a request is answered where it arrives: a thread would take longer to wake."""


def application(path: Path | None, settings: Settings) -> Starlette:
    """The app that serves a model, or a folder of models. Raises `MltrainError` if there is none to serve."""
    counters = Counters()
    models = Models(path, settings.default, lambda name, well: counters.loaded(name, well=well))
    server = _Server(models, settings, counters)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        server.close()

    handlers: dict[Any, Any] = {
        Refused: _refuse,
        HTTPException: _refuse_http,
        MltrainError: _refuse_rows,
        Exception: _fail,
    }
    return Starlette(
        routes=list(server.routes()),
        middleware=[Middleware(Guard, settings=settings, counters=counters)],
        exception_handlers=handlers,
        lifespan=lifespan,
    )


class _Server:
    """The endpoints."""

    def __init__(self, models: Models, settings: Settings, counters: Counters):
        self._models, self._settings, self._counters = models, settings, counters
        self._workers, self._bodies = Workers(settings), Bodies(settings, counters)
        self.close = self._workers.close

    def routes(self) -> list[Route]:
        """Every address with its endpoint."""
        found = [
            Route("/", self.page),
            Route("/predict", self.predict, methods=["POST"]),
            Route("/model", self.model),
            Route("/models", self.models),
            Route("/models/{name}", self.model),
            Route("/models/{name}/", self.page),
            Route("/models/{name}/predict", self.predict, methods=["POST"]),
            Route("/models/{name}/openapi.json", self.openapi),
            Route("/openapi.json", self.openapi),
            Route("/healthz", self.healthz),
            Route("/readyz", self.readyz),
            Route("/metrics", self.metrics),
            Route("/v2", self.server_metadata),
            Route("/v2/health/live", self.healthz),
            Route("/v2/health/ready", self.readyz),
        ]
        for start in ("/v2/models/{name}", "/v2/models/{name}/versions/{version}"):
            found += [
                Route(start, self.model_metadata),
                Route(f"{start}/ready", self.model_ready),
                Route(f"{start}/infer", self.infer, methods=["POST"]),
            ]
        return found

    async def predict(self, request: Request) -> Response:
        deadline = time.monotonic() + self._settings.seconds
        served = await self._current(request)
        kind, accept = request.headers.get("content-type", ""), request.headers.get("accept", "")
        form = chosen_type(accept)
        async with self._bodies.read(request, deadline) as body:

            def run(check: Check) -> tuple[Answer, Predicted]:
                predicted = predict_body(served, kind, body, check)
                return answer(served, predicted, form), predicted

            quick = kind.partition(";")[0] == JSON and served.takes(body) <= _SHORT
            answered = await self._run(served, run, deadline, at_once=quick)
        return Response(answered.body, media_type=answered.kind)

    async def infer(self, request: Request) -> Response:
        deadline = time.monotonic() + self._settings.seconds
        served = await self._current(request)
        async with self._bodies.read(request, deadline) as body:

            def run(check: Check) -> tuple[JSONResponse, Predicted]:
                found, predicted = inference_protocol.infer(served, body, check)
                return JSONResponse(found), predicted

            return await self._run(served, run, deadline, at_once=served.takes(body) <= _SHORT)

    async def page(self, request: Request) -> Response:
        _, about = await self._about(request)
        return HTMLResponse(about.page)

    async def model(self, request: Request) -> Response:
        return JSONResponse(describe(*await self._about(request)))

    async def openapi(self, request: Request) -> Response:
        folder, token = self._models.folder is not None, self._settings.token is not None
        return JSONResponse(openapi(*await self._about(request), folder=folder, token=token))

    async def models(self, request: Request) -> Response:
        found = []
        for name in self._models.names:
            file = self._models.file(name)
            if file.problem is not None:  # which may be gone
                with suppress(Refused):
                    await file.current()
            found.append({"model": name, "problem": file.problem})
        return JSONResponse({"default": self._models.default, "models": found})

    async def healthz(self, request: Request) -> Response:
        return JSONResponse({"live": True})

    async def readyz(self, request: Request) -> Response:
        file = self._models.file()
        try:
            await file.current()
        except Refused as refused:
            return JSONResponse({"ready": False, "problem": refused.message}, 503)
        return JSONResponse({"ready": True} if file.problem is None else {"ready": True, "problem": file.problem})

    async def metrics(self, request: Request) -> Response:
        return Response(self._counters.text(), headers={"content-type": CONTENT_TYPE})

    async def server_metadata(self, request: Request) -> Response:
        return JSONResponse(inference_protocol.SERVER)

    async def model_metadata(self, request: Request) -> Response:
        return JSONResponse(inference_protocol.metadata(await self._current(request)))

    async def model_ready(self, request: Request) -> Response:
        served = await self._current(request)
        return JSONResponse({"name": served.name, "ready": True})

    async def _current(self, request: Request) -> ServedModel:
        return await self._models.file(request.path_params.get("name")).current()

    async def _about(self, request: Request) -> tuple[ServedModel, About]:
        served = await self._current(request)
        try:
            return served, await asyncio.wrap_future(served.about())
        except MltrainError as error:
            raise Refused(500, f"the model cannot be described: {error}") from None

    async def _run(
        self, served: ServedModel, call: Callable[[Check], tuple[T, Predicted]], deadline: float, *, at_once: bool
    ) -> T:
        """What ``call`` answers: ``at_once``, or from a thread."""
        if at_once:
            answered, predicted = call(self._workers.check(deadline))
        else:
            answered, predicted = await self._workers.run(call, deadline)
        self._counters.predicted(served.name, predicted)
        return answered


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return response(error, request.url.path)


async def _refuse_rows(request: Request, error: Exception) -> Response:
    assert isinstance(error, MltrainError)
    return response(unprocessable(error), request.url.path)


async def _refuse_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    message = {
        404: f"there is nothing at {request.url.path}",
        405: f"{request.url.path} does not take {request.method}",
    }
    refused = Refused(error.status_code, message.get(error.status_code, error.detail), headers=error.headers)
    return response(refused, request.url.path)


async def _fail(request: Request, __: Exception) -> Response:
    return response(Refused(500, "the server failed; its log says why"), request.url.path)
