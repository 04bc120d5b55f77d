"""Run scripts in this interpreter: ``python run_scripts.py FOLDER`` prints the losses of each one's epochs as JSON.

It is run by the interpreter of the peers, so it imports nothing of mltrain.
"""

import contextlib
import io
import json
import os
import re
import runpy
import sys
import traceback
from pathlib import Path
from typing import Any


def run(script: Path) -> dict[str, Any]:
    """The losses of a script's epochs and of its evaluation, or what went wrong."""
    if "keras" in sys.modules:
        sys.modules["keras"].utils.clear_session()  # layers are counted anew
    shown = io.StringIO()
    try:
        with contextlib.redirect_stdout(shown):
            names = runpy.run_path(str(script))
    except Exception:
        return {"error": traceback.format_exc()}
    text = shown.getvalue()
    losses = _numbers(r"^epoch \d+: loss (\S+?),?( |$)", text)
    if "history" in names:
        losses = names["history"].history["loss"]
    return {"losses": losses, "evaluated": _numbers(r"^(?:train|val|test): loss (\S+)", text)}


def _numbers(pattern: str, text: str) -> list[float]:
    return [float(found[1]) for found in re.finditer(pattern, text, re.MULTILINE)]


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    folder = Path(sys.argv[1])
    print(json.dumps({script.stem: run(script) for script in sorted(folder.glob("*.py"))}))
