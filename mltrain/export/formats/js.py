"""A module of JavaScript, for browsers, Node, Deno and Bun, and its types beside it."""

from pathlib import Path
from typing import ClassVar

from mltrain.export.base import Exported, Format, Subject


class Js(Format):
    """An ES module without dependencies: ``predict(row)``, ``predictBatch(rows)`` and ``selfTest()``, with types.

    The weights are in it, as base64 of float32. It runs in browsers, in Node 18 and later, in Deno and in Bun.
    """

    suffix: ClassVar[str] = ".mjs"

    def beside(self, suffix: str, main: Path) -> str:
        return ".d.ts" if main.suffix == ".js" else suffix  # where TypeScript looks for the types of a module

    def write(self, subject: Subject) -> Exported:
        from mltrain.export.web.describe import describe  # to list the formats takes none of it
        from mltrain.export.web.module import module, types

        description = describe(subject)
        files = {".mjs": module(subject, description), ".d.mts": types(subject)}
        return Exported({name: text.encode() for name, text in files.items()}, "node {file} --self-test")
