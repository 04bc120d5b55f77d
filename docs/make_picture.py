"""Draws docs/mnist.svg: what a terminal shows of training and evaluating the MNIST lesson.

    python docs/make_picture.py

It trains, so the numbers are those of the machine it runs on.
"""

import io
import math
import os
import re
import tempfile
from pathlib import Path
from unittest.mock import patch

from mltrain.threads import share_cores

share_cores(None)  # as the commands do, before NumPy is imported

from rich.console import Console  # noqa: E402

from mltrain.commands import evaluate, fit  # noqa: E402
from mltrain.display import live  # noqa: E402
from mltrain.display.terminal import Terminal  # noqa: E402

ROOT = Path(__file__).parents[1]
WIDTH = 88


def picture() -> str:
    """The terminal as SVG."""
    console = Console(
        file=io.StringIO(), record=True, width=WIDTH, force_terminal=True, markup=False, highlight=False, emoji=False
    )
    terminal = Terminal()
    for channel in (terminal.out, terminal.err):
        channel.is_terminal, channel.console = True, console
    console.print("$ mltrain fit configs/mnist.yaml", style="green")
    fit.run(terminal, ROOT / "configs" / "mnist.yaml", [])
    console.print("\n$ mltrain evaluate", style="green")
    evaluate.run(terminal, None)
    svg = console.export_svg(title="mltrain")
    return re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)  # a picture should fetch nothing


if __name__ == "__main__":
    # What stays on the terminal, without the frames that were drawn on the way there.
    with tempfile.TemporaryDirectory() as scratch, patch.object(live, "REDRAW_INTERVAL", math.inf):
        os.chdir(scratch)
        svg = picture()
    (ROOT / "docs" / "mnist.svg").write_text(svg, "utf-8")
