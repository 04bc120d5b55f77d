"""Networks that see, and images, that cannot work: one line each, with the place in the config and what to do."""

import json
from pathlib import Path

import numpy as np
import pytest
from command_runs import mltrain

from mltrain.checks import memory_estimate

DATA = Path(__file__).parents[2] / "data" / "mnist"
MNIST = f"{{type: mnist, path: {DATA}}}"
SHAPES = "{type: shapes, samples: 31, size: 12}"
REST = "loss: sparse_categorical_crossentropy\noptimizer: sgd\ntraining: {epochs: 1, batch_size: %s}\n"
END = ["flatten", "{type: dense, units: 3, activation: softmax}"]
NO_IMAGE = "takes images (rows x columns, or rows x columns x channels), but its input is 144; put it before flatten"


def check(work: Path, *layers: str, dataset: str = SHAPES, batch_size: int = 7) -> tuple[int, list[str]]:
    """The exit code of ``check``, and what it says against a config with these layers, the first of them in line 3."""
    lines = [f"dataset: {dataset}", "layers:", *(f"  - {layer}" for layer in layers)]
    (work / "c.yaml").write_text("\n".join([*lines, REST % batch_size]))
    done = mltrain("check", "c.yaml")
    return done.code, done.err.splitlines()


REFUSED = {
    "a kernel larger than its input": (
        ["{type: conv2d, filters: 2, kernel_size: 13}", *END],
        "3:45  layers[0].kernel_size: conv2d: a window of 13 x 13 does not fit into an input of 12 x 12; make it "
        "smaller, or pad with 'padding: same'",
    ),
    "a kernel larger than what a layer left of it": (
        ["{type: max_pooling2d, pool_size: 4}", "{type: conv2d, filters: 2, kernel_size: [4, 1]}", *END],
        "4:45  layers[1].kernel_size: conv2d: a window of 4 x 1 does not fit into an input of 3 x 3; make it smaller, "
        "or pad with 'padding: same'",
    ),
    "a kernel larger than its input in a residual layer": (
        ["{type: residual, layers: [{type: conv2d, filters: 2, kernel_size: 40}]}", *END],
        "3:71  layers[0].layers[0].kernel_size: conv2d: a window of 40 x 40 does not fit into an input of 12 x 12; "
        "make it smaller, or pad with 'padding: same'",
    ),
    "strides of 0": (
        ["{type: conv2d, filters: 2, kernel_size: 3, strides: 0}", *END],
        "3:57  layers[0].strides: expected a whole number of at least 1 or a list of 2 whole numbers of at least 1, "
        "got 0",
    ),
    "strides of 0 in one direction": (
        ["{type: average_pooling2d, strides: [1, 0]}", *END],
        "3:44  layers[0].strides[1]: expected a whole number of at least 1, got 0",
    ),
    "no filters": (
        ["{type: conv2d, filters: 0, kernel_size: 3}", *END],
        "3:29  layers[0].filters: expected a whole number of at least 1, got 0",
    ),
    "a convolution behind flatten": (
        ["flatten", "{type: conv2d, filters: 2, kernel_size: 3}", *END],
        f"4:5  layers[1]: conv2d {NO_IMAGE}",
    ),
    "a pooling behind flatten": (["flatten", "max_pooling2d", *END], f"4:5  layers[1]: max_pooling2d {NO_IMAGE}"),
    "pooling of nothing": (
        ["{type: max_pooling2d, pool_size: 12}", "max_pooling2d", *END],
        "4:5  layers[1].pool_size: max_pooling2d: a window of 2 x 2 does not fit into an input of 1 x 1; make it "
        "smaller, or pad with 'padding: same'",
    ),
    "a pool of nothing": (
        ["{type: max_pooling2d, pool_size: 0}", *END],
        "3:38  layers[0].pool_size: expected a whole number of at least 1 or a list of 2 whole numbers of at least 1, "
        "got 0",
    ),
    "dense on an image": (
        ["{type: dense, units: 3, activation: softmax}"],
        "3:5  layers[0]: dense takes rows of numbers, but its input is 12 x 12; put flatten before it",
    ),
    "dense on channels": (
        ["{type: conv2d, filters: 2, kernel_size: 3}", "{type: dense, units: 3, activation: softmax}"],
        "4:5  layers[1]: dense takes rows of numbers, but its input is 10 x 10 x 2; put flatten before it",
    ),
}


@pytest.mark.parametrize(("layers", "message"), REFUSED.values(), ids=REFUSED)
def test_layers_that_fit_no_image(work: Path, layers: list[str], message: str) -> None:
    assert check(work, *layers) == (2, [f"error: c.yaml:{message}"])


CONVOLUTION = "{type: conv2d, filters: 2, kernel_size: 3}"
DOUBTFUL = {
    "a batch of one image": (
        [CONVOLUTION, "batch_normalization", *END],
        1,
        "4:5  layers[1]: layer batch_normalization normalizes over the batch, but each batch has one row, whose own "
        "statistics differ from those that predictions use; use a larger batch_size",
    ),
    "a batch of one row of numbers": (
        ["flatten", "batch_normalization", END[-1]],
        1,
        "4:5  layers[1]: layer batch_normalization normalizes over the batch, but each batch has one row, of which it "
        "leaves nothing; use a larger batch_size",
    ),
    "a last batch of one row of numbers": (
        ["flatten", "batch_normalization", END[-1]],
        3,
        "4:5  layers[1]: layer batch_normalization normalizes over the batch, but the last batch of each epoch has one "
        "row, of which it leaves nothing; choose another batch_size",
    ),
    "an image as one sequence": (
        ["flatten", "{type: conv1d, filters: 2, kernel_size: 3}", *END],
        7,
        "4:5  layers[1]: conv1d takes the 144 numbers of flatten for one sequence, in which most neighbours of the "
        "12 x 12 are far apart; put it before flatten, or for images use conv2d there",
    ),
}


@pytest.mark.parametrize(("layers", "batch_size", "message"), DOUBTFUL.values(), ids=DOUBTFUL)
def test_what_is_warned_of(work: Path, layers: list[str], batch_size: int, message: str) -> None:
    code, lines = check(work, *layers, batch_size=batch_size)
    assert (code, lines[0]) == (0, f"warning: c.yaml:{message}")
    assert f"warning: c.yaml:{message}" in mltrain("fit", "c.yaml").err.splitlines()


def test_programs_are_told_the_place_of_a_warning(work: Path) -> None:
    check(work, *DOUBTFUL["a batch of one image"][0], batch_size=1)
    found = json.loads(mltrain("check", "c.yaml", "--json").out)["diagnostics"][0]
    assert (found["file"], found["line"], found["column"], found["path"]) == ("c.yaml", 4, 5, "layers[1]")
    assert (found["severity"], found["message"][:25]) == ("warning", "layer batch_normalization")


def test_last_batches_of_one_image_are_fine(work: Path) -> None:
    code, lines = check(work, CONVOLUTION, "batch_normalization", *END, batch_size=3)
    assert code == 0
    assert not any("batch_normalization" in line for line in lines)


def test_a_step_that_takes_more_memory_than_there_is(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_estimate, "available", lambda: 10**9)
    ten = "{type: dense, units: 10, activation: softmax}"
    wide = "{type: conv2d, filters: 3000, kernel_size: 3}"
    code, (line,) = check(work, wide, "global_max_pooling2d", ten, dataset=MNIST, batch_size=256)
    assert code == 3
    assert line.startswith("error: c.yaml:8:35  training.batch_size: training would take ")
    assert line.endswith(
        "layers[0] (conv2d) alone gives 26 x 26 x 3000 numbers a row, 8.1 MB; try a smaller training.batch_size"
    )
    monkeypatch.setattr(memory_estimate, "available", lambda: 10**7)
    code, (line,) = check(work, "flatten", "{type: dense, units: 9000}", ten, dataset=MNIST, batch_size=1)
    assert code == 3
    assert line.startswith("error: c.yaml:4:5  layers[1]: training would take ")


def put(folder: Path, *names: str, mode: str = "RGB") -> None:
    """Write small images of one shade into a folder."""
    image = pytest.importorskip("PIL.Image")
    folder.mkdir(parents=True, exist_ok=True)
    for shade, name in enumerate(names):
        picture = image.new("RGB", (9, 6), (shade, 99, 200)).convert("L" if mode == "I;16" else mode)
        picture = image.fromarray(np.asarray(picture).astype(np.uint16) * 257) if mode == "I;16" else picture
        picture.save(folder / name)


def check_folder(work: Path, options: str) -> tuple[int, list[str]]:
    layers = ["flatten", "{type: dense, units: 2, activation: softmax}"]
    return check(work, *layers, dataset=f"{{type: images, height: 4, width: 4, {options}}}", batch_size=4)


@pytest.fixture
def photos(work: Path) -> Path:
    for name in ("cat", "dog"):
        put(work / "photos" / name, "0.png", "1.png")
    return work / "photos"


def test_one_class(work: Path, photos: Path) -> None:
    put(work / "one" / "cat", "0.png")
    found = "expected a folder of images for each class, found"
    one = f"one: {found} 1 (cat), but one class is nothing to tell apart"
    assert check_folder(work, "path: one") == (3, [f"error: c.yaml:1:52  dataset.path: {one}"])
    flat = f"photos/cat: {found} 0; 2 images are in none"
    assert check_folder(work, "path: photos/cat") == (3, [f"error: c.yaml:1:52  dataset.path: {flat}"])
    assert check_folder(work, "path: photos, test_path: one") == (0, [])


def test_a_class_without_images(work: Path, photos: Path) -> None:
    (photos / "owl").mkdir()
    empty = (
        "photos/owl: the folder of a class holds no image that Pillow reads, nor anything else; convert its images, "
    )
    said = f"error: c.yaml:1:52  dataset.path: {empty}or move it away"
    assert check_folder(work, "path: photos") == (3, [said])


def test_grey_among_colours(work: Path, photos: Path) -> None:
    for name, mode in (("l.png", "L"), ("la.png", "LA"), ("bits.png", "1"), ("deep.png", "I;16")):
        put(photos / "cat", name, mode=mode)
    names = "cat/bits.png, cat/deep.png, cat/l.png, cat/la.png"
    code, lines = check_folder(work, "path: photos, colour: true")
    assert code == 3
    assert lines == [
        f"error: c.yaml:1:68  dataset.colour: photos: 4 of 8 images are grey ({names}), and the network could tell "
        "them from the others by that alone; save them in colour, or leave 'colour' out, and all become grey"
    ]
    code, lines = check_folder(work, "path: photos")
    assert (code, lines[0]) == (0, "note: c.yaml: photos: 4 of 8 images are in colour; all become grey")


def test_palettes_are_of_the_kind_of_their_colours(work: Path, photos: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    palette = image.fromarray(np.array([[0, 1], [1, 0]], np.uint8), "P")
    palette.putpalette([10, 20, 30, 200, 100, 0])
    palette.save(photos / "dog" / "colour.png")
    assert check_folder(work, "path: photos, colour: true") == (0, [])
    palette.putpalette([10, 10, 10, 200, 200, 200])
    palette.save(photos / "dog" / "grey.png")
    assert "1 of 6 images are grey (dog/grey.png)" in check_folder(work, "path: photos, colour: true")[1][0]


def test_names_of_other_tools(work: Path, photos: Path) -> None:
    unknown = "dataset.channels: unknown option for images; 'colour: true' keeps red, green and blue"
    assert check_folder(work, "path: photos, channels: 3") == (2, [f"error: c.yaml:1:60  {unknown}"])
    both = "path: photos, crop_to_aspect_ratio: true, pad_to_aspect_ratio: true"
    refused = "dataset.pad_to_aspect_ratio: crop_to_aspect_ratio cuts off; keep one of the two"
    assert check_folder(work, both) == (2, [f"error: c.yaml:1:109  {refused}"])
