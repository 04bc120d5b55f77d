"""The YAML language server that editors run, spoken to as they do: JSON-RPC over its standard streams (LSP)."""

import json
import os
import queue
import re
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any

FOLDER = Path(os.environ.get("MLTRAIN_LANGUAGE_SERVER") or Path(__file__).parent)
"""Where ``npm ci`` has installed it."""

PROGRAM = FOLDER / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"

PATIENCE = 60.0
"""Seconds after which an answer does not come any more."""

SETTINGS = {"yaml": {"completion": True, "hover": True, "validate": True, "schemaStore": {"enable": False}}}


def why_missing() -> str | None:
    """Why the server cannot be run here."""
    if shutil.which("node") is None:
        return "there is no node"
    if not PROGRAM.is_file():
        return "the language server is not installed: npm ci --prefix tests/editor"
    return None


class LanguageServer:
    """One server, for configs that need not be on the disk. ``|`` in a text is where the cursor stands."""

    def __init__(self, schema: Path, folder: Path):
        self._folder, self._opened, self._asked = folder, 0, 0
        self._answers: queue.Queue[dict[str, Any]] = queue.Queue()
        self._found: queue.Queue[dict[str, Any]] = queue.Queue()
        settings = {**SETTINGS["yaml"], "schemas": {schema.as_uri(): "*.yaml"}}
        self._settings = {"yaml": settings}
        self._process = subprocess.Popen(
            ["node", str(PROGRAM), "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        item = {"snippetSupport": True, "documentationFormat": ["markdown"]}
        self._ask(
            "initialize",
            {
                "processId": None,
                "rootUri": None,
                "capabilities": {
                    "textDocument": {"completion": {"completionItem": item}, "hover": {"contentFormat": ["markdown"]}},
                    "workspace": {"configuration": True},
                },
            },
        )
        self._tell("initialized", {})
        self._tell("workspace/didChangeConfiguration", {"settings": {}})
        self.diagnostics("seed: 1\n")  # only then does it know the schema

    def close(self) -> None:
        self._process.kill()
        self._reader.join()  # at the end of its output
        with self._process:
            pass  # which closes the streams

    def completions(self, text: str) -> dict[str, str]:
        """What is offered at the cursor: each label with the text that is inserted, without the marks of snippets."""
        uri, position = self._open(text)
        answer = self._ask("textDocument/completion", {"textDocument": {"uri": uri}, "position": position})
        found: dict[str, str] = {}
        for item in answer["items"]:
            inserted = item.get("insertText") or item.get("textEdit", {}).get("newText") or item["label"]
            inserted = re.sub(r"\$\{\d+\|([^,|]*)[^}]*\}", r"\1", inserted)  # a choice
            found.setdefault(item["label"], re.sub(r"\$\{\d+:([^}]*)\}|\$\d+", r"\1", inserted))
        return found

    def hover(self, text: str) -> str:
        """What is shown of the word at the cursor, without the marks of Markdown."""
        uri, position = self._open(text)
        answer = self._ask("textDocument/hover", {"textDocument": {"uri": uri}, "position": position})
        return re.sub(r"\\(.)", r"\1", answer["contents"]["value"]) if answer else ""

    def diagnostics(self, text: str) -> list[tuple[int, str]]:
        """What is wrong, each with its line, counted from 1."""
        uri, _ = self._open(text)
        while True:
            found = self._found.get(timeout=PATIENCE)
            if found["uri"] == uri:
                return [(one["range"]["start"]["line"] + 1, one["message"]) for one in found["diagnostics"]]

    def _open(self, text: str) -> tuple[str, dict[str, int]]:
        before, _, after = text.partition("|")
        self._opened += 1
        uri = (self._folder / f"config_{self._opened}.yaml").as_uri()
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": before + after}
        self._tell("textDocument/didOpen", {"textDocument": document})
        return uri, {"line": before.count("\n"), "character": len(before) - before.rfind("\n") - 1}

    def _ask(self, method: str, params: Any) -> Any:
        self._asked += 1
        self._send({"id": self._asked, "method": method, "params": params})
        while True:
            answer = self._answers.get(timeout=PATIENCE)
            if answer["id"] == self._asked:
                return answer["result"]

    def _tell(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    def _send(self, message: dict[str, Any]) -> None:
        content = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(content), content))
        self._process.stdin.flush()

    def _read(self) -> None:
        """Sort what the server says: answers, what is wrong with documents, and questions for its settings."""
        assert self._process.stdout is not None
        while (header := self._process.stdout.readline()) != b"":
            length = 0
            while header != b"\r\n":
                name, _, value = header.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
                header = self._process.stdout.readline()
            message = json.loads(self._process.stdout.read(length))
            if "method" not in message:
                self._answers.put(message)
            elif message["method"] == "textDocument/publishDiagnostics":
                self._found.put(message["params"])
            elif "id" in message:
                asked = message.get("params", {}).get("items", [])
                settings = [self._settings.get(item.get("section"), {}) for item in asked]
                self._send({"id": message["id"], "result": settings if asked else None})
