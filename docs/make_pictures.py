"""Makes every picture that the lessons show, with the commands that stand beside it.

    python docs/make_pictures.py [FOLDER]      by default docs/pictures

The lessons in docs/lesson_pictures.md are read for their ``mltrain`` commands: what readers type is what is
run here, in a folder of its own. Then each picture that the page shows is copied, and made small enough to be kept.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
LESSONS = ROOT / "docs" / "lesson_pictures.md"

WIDTH, COLOURS = 880, 64
"""Pixels and colours of the kept pictures: sharp on a page, and a hundred of them fit a repository."""


def commands(text: str) -> list[list[str]]:
    """The commands in the indented blocks of a page; what follows a wide gap is an explanation."""
    lines = re.findall(r"^    (mltrain .*)$", text, re.MULTILINE)
    return [shlex.split(re.split(r" {3,}", line)[0]) for line in lines]


def shown(text: str) -> list[str]:
    """The pictures that a page shows, as in ``pictures/circle-boundary.png``: run, dash, name."""
    return re.findall(r"\]\(pictures/([a-z0-9_]+-[a-z]+\.(?:png|gif))\)", text)


def run(command: list[str], folder: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-m", *command], cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)


def keep(picture: Path, to: Path) -> None:
    """Copy a picture; a still one with fewer pixels and colours."""
    if picture.suffix == ".gif":
        shutil.copy(picture, to)
        return
    with Image.open(picture) as image:
        small = image.convert("RGB").resize(
            (WIDTH, round(WIDTH * image.height / image.width)), Image.Resampling.LANCZOS
        )
    small.quantize(COLOURS, dither=Image.Dither.NONE).save(to, optimize=True)


def main(folder: Path) -> None:
    text = LESSONS.read_text("utf-8")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary) / "lessons"
        work.mkdir()
        (work.parent / "data").symlink_to(ROOT / "data")
        for config in (ROOT / "configs").glob("*.yaml"):
            shutil.copy(config, work)
        (work / "data").symlink_to(ROOT / "data")
        for command in commands(text):
            run(command, work)
        for name in shown(text):
            lesson, _, picture = name.partition("-")
            keep(work / "runs" / lesson / "plots" / picture, folder / name)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "pictures")
