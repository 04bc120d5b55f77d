from pathlib import Path

import numpy as np
import pytest

from mltrain.errors import ModelFileError
from mltrain.inference.model_file import write_model_file
from mltrain.runs.frames import FrameKeeper, Frames, frame_epochs


@pytest.mark.parametrize(("count", "epochs"), [(1, 9), (2, 9), (5, 4), (5, 5), (40, 500), (12, 13), (7, 0), (9, 3)])
def test_as_many_epochs_as_there_is_room_for_are_kept_from_the_first_to_the_last(count, epochs):
    chosen = list(frame_epochs(count, epochs))
    assert len(chosen) == min(count, epochs + 1)
    assert chosen == sorted(set(chosen))
    assert chosen[0] == 0
    assert chosen[-1] == (0 if count == 1 else epochs)


def test_frames_are_closer_together_at_the_beginning():
    assert list(frame_epochs(5, 100)) == [0, 6, 25, 56, 100]


def test_a_frame_is_a_copy_and_each_epoch_is_kept_once():
    parameters = np.zeros(2, np.float32)
    keeper = FrameKeeper(2, 3)
    for epoch in (0, 0, 1, 2, 3):
        keeper.keep_if_chosen(epoch, parameters)
        parameters += 1
    assert keeper.frames.epochs == [0, 3]
    assert [vector.tolist() for vector in keeper.frames.vectors] == [[0, 0], [4, 4]]


def test_what_is_saved_is_what_is_read(tmp_path: Path):
    Frames([0, 7], [np.float32([1, 2, 3]), np.float32([4, 5, 6])]).save(tmp_path / "frames.npz")
    frames = Frames.load(tmp_path / "frames.npz", 3)
    assert frames.epochs == [0, 7]
    assert np.array_equal(frames.vectors, [[1, 2, 3], [4, 5, 6]])


def test_frames_of_another_network_are_refused(tmp_path: Path):
    Frames([0], [np.zeros(3, np.float32)]).save(tmp_path / "frames.npz")
    with pytest.raises(ModelFileError, match=r"frames.npz: the array 'parameters' is float32 of shape \(1, 3\)"):
        Frames.load(tmp_path / "frames.npz", 4)


@pytest.mark.parametrize("epochs", [[0, 1.5], [0, -1, 2], None, [], [0.5], [True], ["0"], {"0": 0}, 3])
def test_frames_that_do_not_say_their_epochs_are_refused(tmp_path: Path, epochs: object):
    write_model_file(tmp_path / "frames.npz", {"epochs": epochs}, {"parameters": np.zeros((1, 3), np.float32)})
    with pytest.raises(ModelFileError, match=r"frames.npz: does not say of which epochs it is; the file is damaged$"):
        Frames.load(tmp_path / "frames.npz", 3)
