"""``mltrain init``: the lessons as configs to start from."""

import json
import re
from pathlib import Path

import pytest
from command_runs import CONFIGS, columns_of, lesson, mltrain, succeed

NAMES = sorted(path.stem for path in CONFIGS.glob("*.yaml"))


def test_list() -> None:
    done = mltrain("init")
    assert done.code == 0
    assert done.err == (
        "note: write one with: mltrain init NAME\n"
        "note: for a table of your own: mltrain init csv FILE --target COLUMN\n"
        "note: for images of your own: mltrain init images FOLDER\n"
    )
    entries = dict(columns_of(line) for line in done.out.splitlines())
    assert list(entries) == NAMES
    assert entries["linear"] == ("The smallest network there is: one neuron that learns y = 3x + 1 from six points.")


@pytest.mark.parametrize("name", NAMES)
def test_written_starter_is_the_lesson(name: str, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "MLTRAIN_OFFLINE", "0"
    )  # where downloads are forbidden, check refuses MNIST; it downloads nothing
    done = mltrain("init", name)
    text = Path(lesson(name)).read_text("utf-8")
    tables = re.findall(r"\.\./data/(\w+\.csv)", text)
    notes = [f"train it with: mltrain fit {name}.yaml", *(f"its rows are in {table}" for table in tables)]
    assert done == (0, f"{name}.yaml\n", "".join(f"note: {note}\n" for note in notes))
    assert (work / f"{name}.yaml").read_text("utf-8") == text.replace("../data/", "")
    for table in tables:
        assert (work / table).read_bytes() == (CONFIGS.parent / "data" / table).read_bytes()
    assert succeed("check", f"{name}.yaml").out.startswith(f"{name}.yaml: ")


def test_schema_is_where_the_starter_says(work: Path) -> None:
    (work / "deep").mkdir()
    succeed("init", "xor", "--out", "deep/mine.yaml")
    first = (work / "deep" / "mine.yaml").read_text("utf-8").splitlines()[0]
    schema = work / "deep" / first.removeprefix("# yaml-language-server: $schema=")
    assert json.loads(schema.read_text("utf-8")) == json.loads(succeed("schema").out)
    assert sorted(path.name for path in (work / "deep").iterdir()) == sorted(["mine.yaml", schema.name])


def test_nothing_is_written_over(work: Path) -> None:
    (work / "linear.yaml").write_text("mine", "utf-8")
    complaint = "linear.yaml is there already; name another file with --out, or write over it with --force"
    assert mltrain("init", "linear") == (2, "", f"error: {complaint}\n")
    assert (work / "linear.yaml").read_text("utf-8") == "mine"
    assert [path.name for path in work.iterdir()] == ["linear.yaml"]


def test_force_writes_over(work: Path) -> None:
    (work / "linear.yaml").write_text("mine", "utf-8")
    succeed("init", "linear", "--force")
    assert (work / "linear.yaml").read_text("utf-8") == Path(lesson("linear")).read_text("utf-8")


def test_unknown_starters() -> None:
    assert mltrain("init", "linaer") == (2, "", "error: there is no starter 'linaer'; did you mean 'linear'?\n")
    complaint = "there is no starter '3'; list them with: mltrain init"
    assert mltrain("init", "3") == (2, "", f"error: {complaint}\n")


def test_folder_that_is_not_there() -> None:
    complaint = "there is no folder sub; make it first"
    assert mltrain("init", "linear", "--out", "sub/linear.yaml") == (2, "", f"error: {complaint}\n")


def draw(folder: Path, *sizes: tuple[int, int], mode: str = "RGB") -> None:
    image = pytest.importorskip("PIL.Image")
    folder.mkdir(parents=True)
    for number, size in enumerate(sizes):
        image.new("RGB", size, (9 * number, 99, 200)).convert(mode).save(folder / f"{number}.png")


def test_a_folder_of_images(work: Path) -> None:
    """A convolutional network; images as large as most are, but not larger than 48 pixels."""
    draw(work / "my photos" / "cat", (200, 100), (210, 100), (20, 30))
    draw(work / "my photos" / "dog", (190, 90), (200, 100))
    done = mltrain("init", "images", "my photos", "--out", "x.yaml")
    assert (done.code, done.out) == (0, "x.yaml\n")
    assert done.err.splitlines() == [
        "note: 5 images: 3 cat, 2 dog",
        "note: all are scaled to 24 x 48 pixels; larger ones show more, and take longer",
        "note: train it with: mltrain fit x.yaml",
    ]
    text = (work / "x.yaml").read_text("utf-8")
    assert "dataset: {type: images, path: my photos, height: 24, width: 48, colour: true,\n" in text
    assert "  - {type: dense, units: 2, activation: softmax}\n" in text
    assert text.count("type: conv2d") == 3
    assert succeed("check", "x.yaml").out.startswith("x.yaml: ")
    assert mltrain("init", "images", "my photos", "--out", "x.yaml").code == 2  # it is there already


def test_a_folder_of_images_without_colours_or_with_some(work: Path) -> None:
    draw(work / "scans" / "a", (10, 12), mode="L")
    draw(work / "scans" / "b", (10, 12), (10, 12), mode="L")
    assert mltrain("init", "images", "scans").code == 0
    assert "path: scans, height: 16, width: 16,\n" in (work / "scans.yaml").read_text("utf-8")
    draw(work / "scans" / "c", (10, 12))
    done = mltrain("init", "images", "scans", "--force")
    assert "note: 3 of 4 images have no colours, so that all become grey" in done.err.splitlines()
    assert succeed("check", "scans.yaml").out.startswith("scans.yaml: ")


def test_folders_that_are_no_images(work: Path) -> None:
    say_where = "for images of your own, say where they are, and nothing else: mltrain init images FOLDER"
    assert mltrain("init", "images") == (2, "", f"error: {say_where}\n")
    assert mltrain("init", "images", "photos", "--target", "x") == (2, "", f"error: {say_where}\n")
    assert mltrain("init", "images", "photos") == (3, "", "error: photos: there is no such folder\n")
    draw(work / "photos" / "cat", (9, 9))
    found = "expected a folder of images for each class, found 1 (cat), but one class is nothing to tell apart"
    assert mltrain("init", "images", "photos") == (3, "", f"error: photos: {found}\n")
