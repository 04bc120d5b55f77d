"""Runs exported modules under Node: all rows of all modules by one process."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

NODE = shutil.which("node")

needs_node = pytest.mark.skipif(NODE is None, reason="needs Node to run what is exported: apt-get install nodejs")

INSTALLED = Path(os.environ.get("MLTRAIN_LANGUAGE_SERVER") or Path(__file__).parents[1] / "editor")
TYPESCRIPT = INSTALLED / "node_modules" / "typescript" / "bin" / "tsc"

needs_typescript = pytest.mark.skipif(
    NODE is None or not TYPESCRIPT.is_file(), reason="needs TypeScript: npm ci --prefix tests/editor"
)

_RUNNER = """
import { readFileSync } from "node:fs";

const attempt = (f) => {
  try {
    return f();
  } catch (error) {
    return { error: error.message };
  }
};

const answers = {};
for (const [file, rows] of Object.entries(JSON.parse(readFileSync(0, "utf-8")))) {
  const { predict, outputs, notes, selfTest } = await import(file);
  const all = (row) => ({ y: outputs(row), notes: notes(row), answer: predict(row) });
  answers[file] = { rows: rows.map((row) => attempt(() => all(row))), selfTest: attempt(selfTest) };
}
console.log(JSON.stringify(answers));
"""


def predictions(folder: Path, rows: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    """For each module of a folder, by file name: ``y``, ``notes`` and ``answer`` for ``rows``; ``selfTest``."""
    assert NODE is not None
    given = json.dumps({str(folder / name): list(of_module) for name, of_module in rows.items()}, default=_plain)
    answer = subprocess.run([NODE, "--input-type=module", "-e", _RUNNER], input=given, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    return {Path(file).name: found for file, found in json.loads(answer.stdout).items()}


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else float(value)
