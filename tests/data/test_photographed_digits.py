"""Photographs of digits, made by formula, are read as the digits themselves are: uneven light, ruled paper, dirt."""

from pathlib import Path

import numpy as np
import pytest
from photographs import photograph

import mltrain
from mltrain.data.idx_format import read_idx
from mltrain.data.image_files import read_digit
from mltrain.data.ink import find_ink
from mltrain.inference.model import Model

Image = pytest.importorskip("PIL.Image")

DATA = Path(__file__).parents[2] / "data" / "mnist"
COUNT, RIGHT = 8, 7


@pytest.fixture(scope="module")
def digits() -> np.ndarray:
    return read_idx(DATA / "train-images-idx3-ubyte.gz", 3, 2**30)[:COUNT]


@pytest.fixture(scope="module")
def model() -> Model:
    """A small convolutional network that tells most digits."""
    return mltrain.fit(
        {
            "dataset": {
                "type": "idx",
                "images": str(DATA / "t10k-images-idx3-ubyte.gz"),
                "labels": str(DATA / "t10k-labels-idx1-ubyte.gz"),
                "test_split": 0.6,
            },
            "layers": [
                {"type": "conv2d", "filters": 8, "kernel_size": 5, "strides": 2, "activation": "relu"},
                "flatten",
                {"type": "dense", "units": 10, "activation": "softmax"},
            ],
            "loss": "sparse_categorical_crossentropy",
            "optimizer": {"type": "adam", "learning_rate": 0.005},
            "training": {"epochs": 4, "batch_size": 100},
        }
    )


def as_read(shades: np.ndarray, folder: Path) -> np.ndarray:
    Image.fromarray(shades).save(folder / "digit.png")
    return read_digit(folder / "digit.png", 28, 28)


@pytest.mark.parametrize(
    ("light", "paper"),
    [
        ("even", "ruled"),
        ("from the left", "squared"),
        ("in the middle", "plain"),
        ("of a lamp", "ruled"),
        ("with a shadow", "plain"),
        ("with a shadow", "ruled"),
    ],
)
def test_a_photograph_is_told_as_the_clean_digit_is(
    light: str, paper: str, digits: np.ndarray, model: Model, tmp_path: Path
) -> None:
    told = model.predict(digits).argmax(axis=1)
    seen = np.stack([as_read(photograph(digit, light, paper, seed), tmp_path) for seed, digit in enumerate(digits)])
    assert np.sum(model.predict(seen).argmax(axis=1) == told) >= RIGHT


def test_chalk_on_a_blackboard(digits: np.ndarray, model: Model, tmp_path: Path) -> None:
    told = model.predict(digits).argmax(axis=1)
    seen = np.stack(
        [
            as_read(255 - photograph(digit, "from the left", "ruled", seed), tmp_path)
            for seed, digit in enumerate(digits)
        ]
    )
    assert np.sum(model.predict(seen).argmax(axis=1) == told) >= RIGHT


def test_a_table_and_specks_around_the_digit(digits: np.ndarray, tmp_path: Path) -> None:
    shades = photograph(digits[0], "in the middle", "plain", 0)
    clean = as_read(shades, tmp_path).astype(int)
    shades[:, :6], shades[-5:] = 40, 60
    shades[3:6, 100:103] = shades[90:93, 230:233] = 50
    assert np.abs(as_read(shades, tmp_path).astype(int) - clean).mean() < 4


def test_rotated_by_its_exif_data_and_of_16_bits(digits: np.ndarray, tmp_path: Path) -> None:
    shades = photograph(digits[1], "from the left", "ruled", 1)
    upright = as_read(shades, tmp_path)
    exif = Image.Exif()
    exif[0x0112] = 6  # held so that the image has to be turned to the right
    Image.fromarray(np.rot90(shades)).save(tmp_path / "turned.png", exif=exif)
    assert read_digit(tmp_path / "turned.png", 28, 28).tolist() == upright.tolist()
    Image.fromarray(shades.astype(np.uint16) * 257).save(tmp_path / "deep.png")
    assert read_digit(tmp_path / "deep.png", 28, 28).tolist() == upright.tolist()


def test_clean_images_stay_as_they_are(digits: np.ndarray) -> None:
    """Whatever is done to photographs does nothing to a drawing: all that differs from its paper is ink."""
    for digit in digits:
        shades = digit.astype(np.float64)
        expected = np.where(shades > 0.2 * shades.max(), shades, 0)
        assert find_ink(shades).tolist() == expected.tolist()
        assert find_ink(255 - shades).tolist() == expected.tolist()


def test_lines_that_are_all_there_is_are_the_digit() -> None:
    shades = np.full((100, 80), 230.0)
    shades[:, 40:42] = 20
    assert (find_ink(shades)[:, 40:42] > 0).all()


def test_lines_go_and_strokes_across_them_stay() -> None:
    shades = np.full((120, 160), 230.0)
    shades[20:120:25] = 150
    stroke = np.zeros(shades.shape, np.bool_)
    stroke[15:100, 70:82] = True
    shades[stroke] = 30
    assert np.array_equal(find_ink(shades) > 0, stroke)


def test_thin_strokes_of_a_pen_can_be_seen_when_they_are_small(tmp_path: Path) -> None:
    shades = np.full((400, 400), 240, np.uint8)
    shades[60:340, 199:202] = 10
    shades[60:63, 140:202] = 10
    small = as_read(shades, tmp_path)
    assert (small > 200).sum() >= 40


def test_nothing_is_nothing() -> None:
    assert not find_ink(np.full((40, 40), 200.0)).any()
