"""Makes every picture that README.md, the lessons and judge.md show, by the commands that stand beside them.

    python docs/make_pictures.py             all of them, into docs/pictures
    python docs/make_pictures.py --check     only find out whether they can be made, with two epochs each

A lesson's pictures are made by the ``mltrain fit`` and ``mltrain plot`` lines above them: what readers type is what is
run here, in a folder of its own for each lesson. The picture of a terminal shows the command that README.md opens with.
"""

import contextlib
import io
import json
import math
import re
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from unittest.mock import patch

from PIL import Image
from rich.console import Console

from mltrain.cli import app
from mltrain.errors import MltrainError
from mltrain.system.threads import share_cores
from mltrain.views.terminal import redraw as live
from mltrain.views.terminal.terminal import Terminal

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PICTURES = DOCS / "pictures"

WIDTH = 880
"""Pixels of the kept pictures: sharp on a page, and all of them together fit a repository."""

TERMINAL, TERMINAL_WIDTH = "mnist-terminal.svg", 88
PAGE, PAGE_SIZE = "mnist-page.png", (1000, 760)
"""The picture of an exported page, and its width and height. It is taken by Chromium, where that is installed."""

SEVEN = [(0.28, 0.24), (0.5, 0.25), (0.72, 0.24), (0.58, 0.5), (0.46, 0.8)]
"""What is drawn on the page: places on the field, as shares of its sides."""

HASTY = ("--epochs", "2")
"""What ``--check`` adds to trainings that name no epochs: the fewest of which there is a curve."""


@dataclass(frozen=True)
class Shown:
    """A picture on a page: the name of its file in docs/pictures, as in ``circle-boundary.png``."""

    file: str

    @property
    def plot(self) -> str:
        """The name of the file that ``mltrain plot`` writes."""
        return self.file.partition("-")[2]


Step = Shown | list[str]
"""What a page does: it shows a picture, or tells its readers to type a command."""


def pages() -> list[Path]:
    return [DOCS / "lessons.md", *sorted((DOCS / "lessons").glob("*.md")), DOCS / "judge.md"]


def lessons(page: str) -> Iterator[list[Step]]:
    """The steps of each section of a page, up to its last picture; of those sections that show pictures."""
    for section in re.split(r"^## ", page, flags=re.MULTILINE):
        steps = [step for line in section.splitlines() if (step := _step(line))]
        while steps and not isinstance(steps[-1], Shown):
            steps.pop()
        # A run that is followed by another one before anything is drawn leaves no trace in the pictures.
        needed = [step for step, after in zip(steps, [*steps, None][1:], strict=True) if not _fits(step, after)]
        if needed:
            yield needed


def _fits(*steps: Step | None) -> bool:
    """Whether all of the steps are trainings."""
    return all(isinstance(step, list) and step[1] == "fit" for step in steps)


def _step(line: str) -> Step | None:
    if picture := re.match(r"!\[.+\]\((?:\.\./)?pictures/([a-z0-9_]+-[a-z]+\.(?:png|gif))\)", line):
        return Shown(picture[1])
    # What follows a wide gap is an explanation.
    if command := re.match(r"(?: {4}(?:\$ )?|\$ )(mltrain (?:fit|plot|sweep)\b.*?)(?: {3,}.*)?$", line):
        return shlex.split(command[1])
    return None


def make(steps: list[Step], folder: Path, *, hasty: bool) -> None:
    """Run the commands of a lesson, and keep the pictures that it shows."""
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        for name in ("configs", "data"):
            (work / name).symlink_to(ROOT / name)
        for step in steps:
            if isinstance(step, Shown):
                drawn = work.glob(f"*/*/plots/{step.plot}")  # of runs, and of sweeps
                keep(max(drawn, key=lambda picture: picture.stat().st_mtime_ns), folder / step.file)
            else:
                is_long = _fits(step) and HASTY[0] not in step
                run([*step, *(HASTY if hasty and is_long else ())], work)


def run(command: list[str], folder: Path) -> None:
    """Run a command of mltrain in that folder. Raises `RuntimeError`, with the command and what was wrong."""
    with contextlib.chdir(folder), contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        try:
            app(command[1:], standalone_mode=False)
        except MltrainError as error:
            raise RuntimeError(f"{shlex.join(command)}: {error}") from None


def keep(picture: Path, to: Path) -> None:
    """Copy a picture; a still one with fewer pixels and colours."""
    if picture.suffix == ".gif":
        shutil.copy(picture, to)
        return
    with Image.open(picture) as image:
        size = WIDTH, round(WIDTH * image.height / image.width)
        small = image.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    small.quantize(dither=Image.Dither.NONE).save(to, optimize=True)


def terminal_picture(lesson: str) -> str:
    """What a terminal shows of training and evaluating a lesson, as SVG."""
    share_cores(None)  # as the commands do, before NumPy is imported
    from mltrain.commands import evaluate, fit

    console = Console(
        file=io.StringIO(),
        record=True,
        width=TERMINAL_WIDTH,
        force_terminal=True,
        markup=False,
        highlight=False,
        emoji=False,
    )
    terminal = Terminal()
    for channel in (terminal.out, terminal.err):
        channel.is_terminal, channel.console = True, console
    console.print(f"$ mltrain fit configs/{lesson}.yaml", style="green")
    fit.run(terminal, ROOT / "configs" / f"{lesson}.yaml", [])
    console.print("\n$ mltrain evaluate", style="green")
    evaluate.run(terminal, None)
    svg = console.export_svg(title="mltrain")
    return re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)  # a picture should fetch nothing


def page_picture(to: Path) -> None:
    """Export the newest run as a page, draw on it, and keep what a browser shows."""
    sys.path.insert(0, str(ROOT / "tests"))
    from browser import open_browser

    run(["mltrain", "export", "latest", "--to", "html", "--out", "page.html"], Path.cwd())
    with open_browser() as browser:
        browser.resize(*PAGE_SIZE)
        browser.open(Path("page.html").resolve().as_uri())
        browser.wait("return document.getElementById('pad') && globalThis.model")
        browser.run(f"""const pad = document.getElementById("pad"), box = pad.getBoundingClientRect();
            const send = (type, [x, y]) => pad.dispatchEvent(new PointerEvent(type, {{pointerId: 1, buttons: 1,
              clientX: box.left + x * box.width, clientY: box.top + y * box.height}}));
            const places = {json.dumps(SEVEN)};
            send("pointerdown", places[0]);
            places.forEach((place) => send("pointermove", place));
            send("pointerup", places[0]);
            pad.blur();""")
        browser.wait("return document.getElementById('spoken').textContent")
        shot = Path("page.png")
        shot.write_bytes(browser.screenshot())
    keep(shot, to)


def main(folder: Path, *, hasty: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    # What stays on the terminal, without the frames that were drawn on the way there. It says how long steps take, so
    # nothing else runs meanwhile.
    with (
        tempfile.TemporaryDirectory() as scratch,
        contextlib.chdir(scratch),
        patch.object(live, "REDRAW_INTERVAL", math.inf),
    ):
        picture = terminal_picture("circle" if hasty else TERMINAL.partition("-")[0])
        if not hasty and shutil.which("chromedriver"):
            page_picture(folder / PAGE)
    (folder / TERMINAL).write_text(picture, "utf-8")
    every = [steps for page in pages() for steps in lessons(page.read_text("utf-8"))]
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as workers:
        list(workers.map(partial(make, folder=folder, hasty=hasty), every))


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        with tempfile.TemporaryDirectory() as elsewhere:
            main(Path(elsewhere), hasty=True)
    elif not sys.argv[1:]:
        main(PICTURES, hasty=False)
    else:
        raise SystemExit(__doc__)
