from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="animations need the extra 'plot'")

from PIL import Image

from mltrain.cli import app
from mltrain.errors import DataError
from mltrain.runs.frames import Frames
from mltrain.views.plotting.animation import animation_of
from mltrain.views.plotting.style import LIGHT, drawn


def panels(animation, frame):
    with LIGHT.applied():
        return drawn(animation.picture(frame), LIGHT).axes


def test_the_curve_moves_beside_the_parameters(records):
    animation = animation_of(records["line"])
    assert list(animation.epochs) == [0, 1, 4, 8]
    first, last = (panels(animation, frame) for frame in (0, 3))
    network = [axes[0].lines[1].get_ydata() for axes in (first, last)]
    np.testing.assert_allclose(network[0], 5 * first[0].lines[1].get_xdata(), rtol=1e-6)
    assert not np.allclose(*network)
    assert first[0].get_ylim() == last[0].get_ylim()
    assert [len(axes[1].lines[0].get_xdata()) for axes in (first, last)] == [1, 9]
    assert animation.picture(2).title == "line: epoch 4 of 8"


def test_the_boundary_moves_beside_the_loss(records):
    animation = animation_of(records["plane"])
    plane, loss = panels(animation, 3)
    assert plane.images[0].get_array().shape == (100, 100)
    assert loss.get_title(loc="left").startswith("loss")
    before = panels(animation, 0)[0].images[0].get_array()
    assert not np.allclose(before, plane.images[0].get_array())


def test_tracked_parameters_move_without_any_frames(records):
    animation = animation_of(replace(records["line"], frames=None))
    assert list(animation.epochs) == list(range(9))
    assert len(panels(animation, 3)) == 1


@pytest.mark.parametrize(
    ("run", "message"),
    [("plane", "the run kept no moments of its training; train with: .* --frames 40"), ("table", "nothing here moves")],
)
def test_what_cannot_move_is_said_in_one_line(records, run, message):
    with pytest.raises(DataError, match=message):
        animation_of(replace(records[run], frames=None))


def test_a_training_that_ended_early_ends_with_its_model(records):
    record = records["line"]
    shortened = replace(record, frames=Frames([0, 1], record.frames.vectors[:2]))
    frames = shortened.frames_to_the_end
    assert frames.epochs == [0, 1, 8]
    np.testing.assert_array_equal(frames.vectors[-1], record.model.network.parameters)


def test_the_gif_has_every_frame_and_rests_at_the_end(runs, tmp_path: Path, capsys):
    app(["plot", str(runs["line"]), "--animate", "--out", str(tmp_path)], standalone_mode=False)
    path = tmp_path / "learning.gif"
    assert capsys.readouterr().out == f"{path}\n"
    with Image.open(path) as image:
        assert (image.n_frames, image.info["loop"]) == (4, 0)
        image.seek(0)
        start = image.info["duration"]
        image.seek(3)
        assert image.info["duration"] > 5 * start


def test_a_few_dots_keep_their_colours(runs, tmp_path: Path, capsys):
    app(["plot", str(runs["three"]), "--animate", "--out", str(tmp_path)], standalone_mode=False)
    with Image.open(tmp_path / "learning.gif") as image:
        colours = {colour for _, colour in image.convert("RGB").getcolors()}
    assert {tuple(bytes.fromhex(colour[1:])) for colour in LIGHT.classes(3)} <= colours
