"""The pictures on the pages: complete, small, and there. That they can be made again is a step of CI."""

import importlib.util
import sys
from pathlib import Path

import pytest
from doc_pages import ROOT

pytest.importorskip("matplotlib", reason="the lessons' pictures need the extra 'plot'")

PICTURES = ROOT / "docs" / "pictures"
LARGEST = 2_300_000
"""Bytes of all pictures together: they are cloned with the repository."""


@pytest.fixture(scope="module")
def maker():
    spec = importlib.util.spec_from_file_location("make_pictures", ROOT / "docs" / "make_pictures.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["make_pictures"] = module  # where dataclasses look for what annotations mean
    spec.loader.exec_module(module)
    yield module
    del sys.modules["make_pictures"]


@pytest.fixture(scope="module")
def lessons(maker):
    """For each section, the names of the configs that it trains, and of the pictures that it shows."""
    every = [steps for page in maker.pages() for steps in maker.lessons(page.read_text("utf-8"))]
    return [
        (
            {name for step in steps if isinstance(step, list) for name in [_trained(step)] if name},
            [step.file for step in steps if isinstance(step, maker.Shown)],
        )
        for steps in every
    ]


def _trained(command):
    """What the pictures of a command are called after."""
    stem = Path(command[2]).stem if len(command) > 2 else ""
    return {"fit": stem, "sweep": f"{stem}_sweep"}.get(command[1])


WITHOUT_PICTURES = {"fashion_mnist", "cifar10"}
"""Lessons that a section tells of in words: the repository does not come with their images."""


def test_every_config_is_a_lesson_with_pictures_that_are_called_after_it(maker, lessons):
    configs = {path.stem for path in (ROOT / "configs").glob("*.yaml")}
    assert configs
    configs |= {f"{path.stem}_sweep" for path in (ROOT / "configs" / "sweeps").glob("*.yaml")}
    assert set().union(*(trained for trained, _ in lessons)) == configs - WITHOUT_PICTURES
    told = "\n".join(page.read_text("utf-8") for page in maker.pages())
    assert all(f"\n## {name}\n" in told for name in WITHOUT_PICTURES)
    for trained, shown in lessons:
        assert {file.partition("-")[0] for file in shown} == trained


def test_every_picture_that_is_shown_is_there_and_no_other(maker, lessons):
    shown = [file for _, files in lessons for file in files]
    assert sorted([*shown, maker.TERMINAL, maker.PAGE]) == sorted(path.name for path in PICTURES.iterdir())


def test_pictures_stay_small():
    assert sum(path.stat().st_size for path in PICTURES.iterdir()) < LARGEST


def test_readme_begins_with_two_commands_and_a_picture_of_a_run(maker):
    opening = (ROOT / "README.md").read_text("utf-8").partition("\n## ")[0]
    assert [opening.count("```sh"), opening.count("](docs/pictures/")] == [2, 2]
    assert opening.rindex("```") < opening.index(".gif)") < opening.index(maker.TERMINAL)


def test_a_lesson_is_its_commands_and_pictures_up_to_the_last_picture(maker):
    page = """# Lessons

## one

    mltrain plot      nothing is shown here

## two

```console
$ mltrain fit a.yaml
$ mltrain fit a.yaml --set 'x={y: 1}'
trained
$ mltrain predict --x 1
```

    mltrain plot      draws it

![words](pictures/a-curve.png)
mltrain fit is what prose may begin with

    $ mltrain plot --animate

![words](../pictures/a-learning.gif)

    mltrain fit b.yaml
"""
    assert list(maker.lessons(page)) == [
        [
            ["mltrain", "fit", "a.yaml", "--set", "x={y: 1}"],
            ["mltrain", "plot"],
            maker.Shown("a-curve.png"),
            ["mltrain", "plot", "--animate"],
            maker.Shown("a-learning.gif"),
        ]
    ]


def test_kept_pictures_have_one_width(maker, tmp_path):
    from PIL import Image

    Image.new("RGB", (1600, 900), "white").save(tmp_path / "large.png")
    maker.keep(tmp_path / "large.png", tmp_path / "small.png")
    with Image.open(tmp_path / "small.png") as image:
        assert image.size == (maker.WIDTH, maker.WIDTH * 900 // 1600)


def test_a_lesson_whose_command_fails_says_which_and_why(maker, tmp_path):
    with pytest.raises(RuntimeError, match=r"^mltrain fit nowhere\.yaml: nowhere\.yaml: "):
        maker.run(["mltrain", "fit", "nowhere.yaml"], tmp_path)
