"""The page of lessons: complete, and with pictures that are there. That they can be made again is a step of CI."""

import importlib.util
from pathlib import Path

import pytest

pytest.importorskip("matplotlib", reason="the lessons' pictures need the extra 'plot'")

ROOT = Path(__file__).resolve().parents[2]
LARGEST = 1_500_000
"""Bytes of all pictures together: they are cloned with the repository."""


@pytest.fixture(scope="module")
def maker():
    spec = importlib.util.spec_from_file_location("make_pictures", ROOT / "docs" / "make_pictures.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def text():
    return (ROOT / "docs" / "lesson_pictures.md").read_text("utf-8")


def test_every_config_is_a_lesson_with_pictures(maker, text):
    configs = {path.stem for path in (ROOT / "configs").glob("*.yaml")}
    assert configs
    assert {name.partition("-")[0] for name in maker.shown(text)} == configs
    assert {Path(command[2]).stem for command in maker.commands(text) if command[1] == "fit"} == configs


def test_every_picture_that_is_shown_is_there_and_no_other(maker, text):
    assert sorted(maker.shown(text)) == sorted(path.name for path in (ROOT / "docs" / "pictures").iterdir())


def test_pictures_stay_small():
    assert sum(path.stat().st_size for path in (ROOT / "docs" / "pictures").iterdir()) < LARGEST


def test_commands_are_read_without_their_explanations(maker):
    page = "text\n\n    mltrain fit a.yaml --out 'runs/a b'      what it does\n    # not this\n    mltrain plot\n"
    assert maker.commands(page) == [["mltrain", "fit", "a.yaml", "--out", "runs/a b"], ["mltrain", "plot"]]
    assert maker.shown("![words](pictures/a_b-curve.png) ![x](pictures/c-learning.gif)") == [
        "a_b-curve.png",
        "c-learning.gif",
    ]


def test_kept_pictures_have_one_width(maker, tmp_path):
    from PIL import Image

    Image.new("RGB", (1600, 900), "white").save(tmp_path / "large.png")
    maker.keep(tmp_path / "large.png", tmp_path / "small.png")
    with Image.open(tmp_path / "small.png") as image:
        assert image.size == (maker.WIDTH, maker.WIDTH * 900 // 1600)
