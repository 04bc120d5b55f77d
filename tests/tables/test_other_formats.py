"""Arrays, idx files, image folders, Parquet and Arrow: what is read, and what is refused."""

import gzip
import json
import struct
import sys
from pathlib import Path

import numpy as np
import pytest

import mltrain
from mltrain.cli import main
from mltrain.config.convert import convert
from mltrain.data.base import DatasetSpec
from mltrain.data.idx_format import read_idx
from mltrain.errors import DataError

DATA = Path(__file__).parents[2] / "data"


def load(kind: str, folder: Path, **options):
    return convert(DatasetSpec, {"type": kind, **options}).load(0, folder)


def refusal(kind: str, folder: Path, **options) -> str:
    with pytest.raises(DataError) as error:
        load(kind, folder, **options)
    return str(error.value)


def save(folder: Path, **arrays) -> None:
    np.savez(folder / "a.npz", **arrays)


def test_arrays_by_name(tmp_path):
    save(tmp_path, x=np.arange(6.0).reshape(3, 2), y=np.array(["b", "a", "b"]), test_x=np.ones((1, 2)), test_y=["a"])
    dataset = load("npz", tmp_path, path="a.npz", test_x="test_x", test_y="test_y")
    assert dataset.row_spec.classes == ("a", "b")
    assert dataset.train.y.tolist() == [1, 0, 1]
    assert dataset.test.x.tolist() == [[1, 1]]
    save(tmp_path, inputs=np.zeros((4, 2, 2), np.uint8), labels=np.array([0, 2, 1, 0]))
    dataset = load("npz", tmp_path, path="a.npz", x="inputs", y="labels")
    assert dataset.row_spec.classes == ("0", "1", "2")
    assert dataset.train.x.dtype == np.uint8
    assert dataset.preprocessing.inputs.scale == 1 / 255
    save(tmp_path, x=np.arange(3), y=np.array([0.5, 1, 2]))
    dataset = load("npz", tmp_path, path="a.npz")
    assert dataset.train.x.shape == dataset.train.y.shape == (3, 1)
    assert dataset.row_spec.classes is None


PIXELS = np.array([[0, 255], [51, 102]], np.uint8)


def parts_of(folder: Path, x: np.ndarray, test_x: np.ndarray, y: object = (0, 1), test_y: object = (0, 1), **options):
    save(folder, x=x, y=np.array(y), test_x=test_x, test_y=np.array(test_y))
    return load("npz", folder, path="a.npz", test_x="test_x", test_y="test_y", **options)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int64, np.uint32, np.float32, np.float64])
def test_parts_of_other_dtypes_mean_the_same_numbers(tmp_path, dtype):
    dataset = parts_of(tmp_path, PIXELS, PIXELS.astype(dtype))
    scaled = dataset.preprocessing.inputs.applied
    assert scaled(dataset.test.x).tolist() == scaled(dataset.train.x).tolist()
    if dtype not in (np.float32, np.float64):
        dataset = parts_of(tmp_path, PIXELS.astype(np.int64), PIXELS.astype(dtype))
        assert dataset.test.x.tolist() == dataset.train.x.tolist() == PIXELS.tolist()


@pytest.mark.parametrize(
    ("x", "test_x"),
    [
        (PIXELS, (PIXELS / 255).astype(np.float32)),
        (PIXELS, PIXELS / 510),
        (PIXELS, (PIXELS / 255).round()),
        (PIXELS, PIXELS.astype(np.int64) + 1),
        (PIXELS, -PIXELS.astype(np.int64)),
        (PIXELS / 255, PIXELS),
        (PIXELS, PIXELS > 0),
    ],
)
def test_parts_of_another_scale_are_refused(tmp_path, x, test_x):
    with pytest.raises(DataError, match=r"bytes are scaled, other numbers are not; save both in one dtype$"):
        parts_of(tmp_path, x, test_x)
    assert parts_of(tmp_path, x, test_x, scale=False).test.x.tolist() == test_x.astype(np.float32).tolist()


def test_labels_of_other_dtypes_are_the_same_classes(tmp_path):
    for dtype in (np.uint8, np.int64, np.float32, np.float64, bool):
        dataset = parts_of(tmp_path, PIXELS, PIXELS, test_y=np.array([1, 0], dtype))
        assert dataset.test.y.tolist() == [1, 0]
    for labels, message in (([0.5, 1], "the class '0.5'"), ([[0], [1]], "expected the class of each row")):
        with pytest.raises(DataError, match=message):
            parts_of(tmp_path, PIXELS, PIXELS, test_y=labels)
    with pytest.raises(DataError, match="have other shapes"):
        parts_of(tmp_path, PIXELS, PIXELS[:, :1])


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"a": [1.0], "y": [1.0]}, "there is no array 'x' among a, y"),
        ({"x": [1.0, 2.0], "y": [1.0]}, "'x' has 2 rows, but 'y' has 1"),
        ({"x": [1.0, np.nan], "y": [1.0, 2.0]}, "row 2 of 'x' holds what is no number"),
        ({"x": ["a"], "y": [1.0]}, "expected numbers, a row each"),
        ({"x": [1.0], "y": [-1]}, "holds the class number -1; they count from 0"),
        ({"x": [1.0], "y": [99]}, "save numbers as floats"),
        ({"x": np.array([{}]), "y": [1.0]}, "cannot be read as arrays"),
    ],
)
def test_arrays_that_cannot_be_used(tmp_path, arrays, message):
    save(tmp_path, **arrays)
    assert message in refusal("npz", tmp_path, path="a.npz")


def test_files_that_are_no_arrays(tmp_path):
    (tmp_path / "a.npz").write_text("no zip")
    assert "cannot be read as arrays" in refusal("npz", tmp_path, path="a.npz")
    assert "there is no such file" in refusal("npz", tmp_path, path="b.npz")


def idx(path: Path, array: np.ndarray, *, compress: bool = False) -> None:
    content = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()
    path.write_bytes(gzip.compress(content) if compress else content)


def test_the_relatives_of_mnist(tmp_path):
    idx(tmp_path / "images", np.arange(24, dtype=np.uint8).reshape(4, 2, 3), compress=True)
    idx(tmp_path / "labels", np.array([0, 1, 2, 1], np.uint8))
    dataset = load("idx", tmp_path, images="images", labels="labels", test_images="images", test_labels="labels")
    assert dataset.row_spec.input_shape == (2, 3)
    assert dataset.row_spec.classes == ("0", "1", "2")
    assert dataset.test.y.tolist() == [0, 1, 2, 1]
    assert dataset.preprocessing.inputs.scale == 1 / 255
    idx(tmp_path / "few", np.array([0, 1], np.uint8))
    assert "holds 4 images, but" in refusal("idx", tmp_path, images="images", labels="few")
    idx(tmp_path / "more", np.array([0, 1, 2, 7], np.uint8))
    assert "holds the label 7" in refusal(
        "idx", tmp_path, images="images", labels="labels", test_images="images", test_labels="more"
    )


def test_a_folder_for_each_class(tmp_path):
    image = pytest.importorskip("PIL.Image")
    for name, shade in (("light", 230), ("dark", 20)):
        (tmp_path / "all" / name).mkdir(parents=True)
        for number, ending in enumerate(("png", "jpg")):
            image.new("RGB", (9 + number, 6), (shade, shade, shade)).save(
                tmp_path / "all" / name / f"{number}.{ending}"
            )
    dataset = load("images", tmp_path, path="all", height=4, width=5, test_path="all")
    assert dataset.row_spec.classes == ("dark", "light")
    assert dataset.train.x.shape == (4, 4, 5)
    assert dataset.train.y.tolist() == [0, 0, 1, 1]
    assert dataset.train.x[:, 0, 0].tolist() == pytest.approx([20, 20, 230, 230], abs=2)
    assert load("images", tmp_path, path="all", height=4, width=5, colour=True).train.x.shape == (4, 4, 5, 3)
    (tmp_path / "all" / "dark" / "2.png").write_text("no image")
    assert "2.png: cannot be read as an image" in refusal("images", tmp_path, path="all", height=4, width=5)
    assert "expected a folder of images for each class, found 0" in refusal(
        "images", tmp_path, path="all/dark", height=4, width=5
    )


@pytest.mark.parametrize("ending", ["parquet", "arrow"])
def test_parquet_and_arrow(tmp_path, ending):
    arrow = pytest.importorskip("pyarrow")
    columns = {"age": [1, 2, None, 4], "kind": ["cat", "dog", "cat", None], "weight": [3.5, 20.0, 4.0, 5.0]}
    table = arrow.table(columns)
    if ending == "parquet":
        pytest.importorskip("pyarrow.parquet").write_table(table, tmp_path / "t.parquet")
    else:
        with arrow.ipc.new_file(str(tmp_path / "t.arrow"), table.schema) as file:
            file.write_table(table)
    dataset = load("parquet", tmp_path, path=f"t.{ending}", target="weight", missing="mean")
    assert dataset.train.x.tolist() == [[1, 1, 0], [2, 0, 1], [pytest.approx(7 / 3), 1, 0], [4, 1, 0]]
    assert "'age' in 1 row (first in row 3)" in refusal(
        "parquet", tmp_path, path=f"t.{ending}", target="weight", missing="error"
    )
    (tmp_path / f"bad.{ending}").write_text("what")
    assert f"bad.{ending}: cannot be read" in refusal("parquet", tmp_path, path=f"bad.{ending}", target="weight")


def test_what_is_not_installed_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (tmp_path / "t.parquet").touch()
    assert "install it with: pip install 'mltrain[parquet]'" in refusal(
        "parquet", tmp_path, path="t.parquet", target="y"
    )


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """A model of digits, trained on a part of MNIST, and images that it has not seen."""
    folder = tmp_path_factory.mktemp("digits")
    text = (
        f"dataset: {{type: idx, images: {DATA}/mnist/t10k-images-idx3-ubyte.gz,\n"
        f"  labels: {DATA}/mnist/t10k-labels-idx1-ubyte.gz, test_split: 0.1}}\n"
        "layers: [flatten, {type: dense, units: 32, activation: relu},\n"
        "  {type: dense, units: 10, activation: softmax}]\n"
        "loss: sparse_categorical_crossentropy\noptimizer: {type: adam, learning_rate: 0.005}\n"
        "training: {epochs: 5, batch_size: 200}\n"
    )
    (folder / "digits.yaml").write_text(text)
    mltrain.fit(folder / "digits.yaml").save(folder / "model.npz")
    return folder


def test_a_drawn_digit_is_recognised(digits, monkeypatch, capsys):
    image = pytest.importorskip("PIL.Image")
    monkeypatch.chdir(digits)
    drawn = read_idx(DATA / "mnist" / "train-images-idx3-ubyte.gz", 3, 2**30)[:20]
    labels = read_idx(DATA / "mnist" / "train-labels-idx1-ubyte.gz", 1, 2**30)[:20].tolist()
    right = 0
    for number, (pixels, label) in enumerate(zip(drawn, labels, strict=True)):
        # A photograph: dark ink on light paper, larger, and the digit in a corner.
        ink = image.fromarray(pixels).resize((140, 140))
        paper = np.full((300, 260), 225, np.uint8)
        paper[130:270, 10:150] -= (np.asarray(ink) * 0.8).astype(np.uint8)
        image.fromarray(paper).save(f"{number}.png")
        monkeypatch.setattr(
            sys, "argv", ["mltrain", "predict", "--model", "model.npz", "--input", f"{number}.png", "--json"]
        )
        with pytest.raises(SystemExit):
            main()
        right += json.loads(capsys.readouterr().out)["predictions"][0]["label"] == str(label)
    assert right >= 17


def test_an_empty_sheet_is_no_digit(digits, monkeypatch, capsys):
    image = pytest.importorskip("PIL.Image")
    monkeypatch.chdir(digits)
    image.new("L", (50, 50), 255).save("empty.png")
    monkeypatch.setattr(sys, "argv", ["mltrain", "predict", "--model", "model.npz", "--input", "empty.png"])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 3
    assert "all of it has one shade" in capsys.readouterr().err
