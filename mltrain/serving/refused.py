"""Requests that are not answered with a prediction: the status, and the document that says why."""

from collections.abc import Mapping
from typing import Any

from mltrain.errors import DataError, MltrainError, for_callers, printable


class Refused(Exception):
    """A request that is refused. ``where`` are the row, column and line that are wrong, as far as they are known."""

    def __init__(self, status: int, message: str, *, headers: Mapping[str, str] | None = None, **where: Any):
        self.status, self.message, self.headers = status, printable(message), dict(headers or {})
        super().__init__(self.message)
        told = {name: printable(value) if isinstance(value, str) else value for name, value in where.items()}
        self.where = {name: value for name, value in told.items() if value is not None}

    def document(self, path: str) -> dict[str, Any]:
        """The body of the response to a request of that path. The Open Inference Protocol has a form of its own."""
        is_of_protocol = path == "/v2" or path.startswith("/v2/")
        return {"error": self.message if is_of_protocol else {"message": self.message, **self.where}}


def unprocessable(error: MltrainError, file: str = "") -> Refused:
    """What is wrong with rows, without advice about the config. Messages name ``file``, where the body was put."""
    message = for_callers(error).replace(file, "body") if file else for_callers(error)
    if isinstance(error, DataError):
        return Refused(422, message, row=error.row, column=error.column, line=error.line)
    return Refused(422, message)
