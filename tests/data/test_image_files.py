"""Every kind of pixels that Pillow reads becomes the right shades of 8 bits, or is refused by name."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

from mltrain.config.convert import convert
from mltrain.config.load import parse_config
from mltrain.data.base import Dataset, DatasetSpec
from mltrain.data.image_files import ENDINGS, NOT_DECODED, read_digit, read_picture
from mltrain.errors import DataError
from mltrain.job import prepare
from mltrain.runs.saved_run import SavedRun

Image = pytest.importorskip("PIL.Image")

SHADES = np.array([[0, 51, 102], [153, 204, 255]], np.uint8)
ORIENTATION = 0x0112


def png(depth: int, kind: int, rows: list[bytes], width: int, *more: tuple[bytes, bytes]) -> bytes:
    """A PNG of raw rows: ``kind`` is 0 for grey, 2 for colours, 4 for grey with alpha, 6 for colours with alpha."""
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, len(rows), depth, kind, 0, 0, 0)),
        *more,
        (b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows))),
        (b"IEND", b""),
    ]
    made = (
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(made)


def tiff(bits: int, white_is_zero: bool, data: bytes, width: int, height: int, sample_format: int = 1) -> bytes:
    """A grey TIFF without compression."""
    tags = {256: width, 257: height, 258: bits, 259: 1, 262: int(not white_is_zero), 273: 8, 277: 1, 278: height}
    tags |= {279: len(data), 339: sample_format}
    entries = b"".join(struct.pack("<HHII", tag, 3 if value < 2**16 else 4, 1, value) for tag, value in tags.items())
    start = struct.pack("<I", 8 + len(data))
    return b"II*\0" + start + data + struct.pack("<H", len(tags)) + entries + struct.pack("<I", 0)


def wide(shades: np.ndarray, order: str = ">") -> list[bytes]:
    """Rows of the shades with 16 bits each."""
    return [(row.astype(np.uint32) * 257).astype(f"{order}u2").tobytes() for row in shades]


def saved(picture, path: Path, **options) -> Path:
    picture.save(path, **options)
    return path


def grey(path: Path, height: int = 2, width: int = 3) -> list[list[int]]:
    return read_picture(path, height, width, colour=False).pixels.tolist()


def palette(path: Path, **options) -> Path:
    picture = Image.fromarray(np.array([[0, 1, 2], [3, 4, 5]], np.uint8), "P")
    picture.putpalette([number for shade in SHADES.ravel().tolist() for number in (shade, shade, shade)])
    return saved(picture, path, **options)


def test_grey_of_sixteen_bits(tmp_path: Path) -> None:
    for name, content in {
        "grey.png": png(16, 0, wide(SHADES), 3),
        "little.tif": tiff(16, False, b"".join(wide(SHADES, "<")), 3, 2),
        "inverted.tif": tiff(16, True, b"".join(wide(255 - SHADES, "<")), 3, 2),
        "grey.pgm": b"P5 3 2 65535\n" + b"".join(wide(SHADES)),
    }.items():
        (tmp_path / name).write_bytes(content)
        assert grey(tmp_path / name) == SHADES.tolist(), name
    big = Image.fromarray((SHADES.astype(np.uint16) * 257).astype(">u2"))
    assert grey(saved(big, tmp_path / "big.tif")) == SHADES.tolist()
    (tmp_path / "twelve.tif").write_bytes(tiff(12, False, bytes([0xFF, 0xF8, 0x00]), 2, 1))
    assert grey(tmp_path / "twelve.tif", 1, 2) == [[255, 128]]


def test_sixteen_bits_in_colour_and_with_transparency(tmp_path: Path) -> None:
    coloured = np.stack([SHADES, 255 - SHADES, SHADES], axis=2)
    (tmp_path / "colour.png").write_bytes(png(16, 2, wide(coloured), 3))
    assert read_picture(tmp_path / "colour.png", 2, 3, colour=True).pixels.tolist() == coloured.tolist()
    clear = np.stack([SHADES, np.full_like(SHADES, 255)], axis=2)
    clear[0, 1, 1] = 0
    shown = SHADES.copy()
    shown[0, 1] = 255
    (tmp_path / "alpha.png").write_bytes(png(16, 4, wide(clear), 3))
    assert grey(tmp_path / "alpha.png") == shown.tolist()
    (tmp_path / "key.png").write_bytes(png(16, 0, wide(SHADES), 3, (b"tRNS", struct.pack(">H", 51 * 257))))
    assert grey(tmp_path / "key.png") == shown.tolist()
    key = (b"tRNS", struct.pack(">3H", *[51 * 257] * 3))
    (tmp_path / "keys.png").write_bytes(png(16, 2, wide(np.repeat(SHADES[:, :, None], 3, axis=2)), 3, key))
    assert grey(tmp_path / "keys.png") == shown.tolist()


def test_pixels_of_other_kinds(tmp_path: Path) -> None:
    plain = Image.fromarray(SHADES)
    for name, mode in (
        ("l.png", "L"),
        ("rgb.bmp", "RGB"),
        ("rgba.png", "RGBA"),
        ("la.png", "LA"),
        ("rgb.tif", "RGB"),
        ("rgb.ppm", "RGB"),
        ("rgb.tga", "RGB"),
    ):
        assert grey(saved(plain.convert(mode), tmp_path / name)) == SHADES.tolist(), name
    for name, picture, options in (
        ("ycbcr.jpg", plain.convert("YCbCr"), {"quality": 100, "subsampling": 0}),
        ("cmyk.jpg", plain.convert("RGB").convert("CMYK"), {"quality": 100}),
        ("cmyk.tif", plain.convert("RGB").convert("CMYK"), {}),
        ("rgb.webp", plain.convert("RGB"), {"lossless": True}),
    ):
        assert np.abs(np.array(grey(saved(picture, tmp_path / name, **options))) - SHADES).max() <= 6, name
    black_and_white = np.array([[0, 255, 0], [255, 0, 255]], np.uint8)
    for name in ("one.png", "one.tif", "one.bmp", "one.pbm"):
        assert grey(saved(Image.fromarray(black_and_white).convert("1"), tmp_path / name)) == black_and_white.tolist()
    assert grey(palette(tmp_path / "p.png")) == SHADES.tolist()
    assert grey(palette(tmp_path / "p.gif")) == SHADES.tolist()
    assert grey(palette(tmp_path / "clear.png", transparency=0)) == [[255, 51, 102], [153, 204, 255]]
    half = bytes([255, 0, 255, 255, 255, 255])
    assert grey(palette(tmp_path / "alphas.png", transparency=half)) == [[0, 255, 102], [153, 204, 255]]


def test_what_is_transparent_is_white_paper_for_a_digit(tmp_path: Path) -> None:
    ink = np.zeros((40, 40, 4), np.uint8)
    ink[10:30, 18:22, 3] = 255
    Image.fromarray(ink).save(tmp_path / "one.png")
    wide_ink = np.where(ink[:, :, 3] > 0, 0, 65535).astype(np.uint16)
    Image.fromarray(wide_ink).save(tmp_path / "deep.png")
    digit = read_digit(tmp_path / "one.png", 28, 28)
    assert digit.max() == 255
    assert digit.tolist() == read_digit(tmp_path / "deep.png", 28, 28).tolist()


def test_numbers_without_a_white_are_refused(tmp_path: Path) -> None:
    signed = tmp_path / "signed.tif"
    signed.write_bytes(tiff(16, False, struct.pack("<2h", -1, 1000), 2, 1, sample_format=2))
    for path in (
        saved(Image.fromarray(SHADES.astype(np.float32)), tmp_path / "float.tif"),
        saved(Image.fromarray(SHADES.astype(np.int32)), tmp_path / "int.tif"),
        signed,
    ):
        with pytest.raises(DataError, match=r"tif: its pixels are .*; save it with 8 or 16 bits$"):
            read_picture(path, 2, 3, colour=False)
    (tmp_path / "light.hdr").write_bytes(b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 1 +X 1\n\0\0\0\0")
    with pytest.raises(DataError, match=r"light\.hdr: cannot be read as an image"):
        read_digit(tmp_path / "light.hdr", 28, 28)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("ending", ["jpg", "png", "tif", "webp"])
def test_photographs_are_turned_upright(tmp_path: Path, orientation: int, ending: str) -> None:
    upright = np.zeros((16, 24), np.uint8)
    upright[:8, :8], upright[8:, 16:] = 255, 128
    turned = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.T,
        6: np.rot90(upright),
        7: upright[::-1, ::-1].T,
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    options = {"lossless": True} if ending == "webp" else {"quality": 100} if ending == "jpg" else {}
    path = saved(Image.fromarray(turned).convert("RGB"), tmp_path / f"a.{ending}", exif=exif.tobytes(), **options)
    found = read_picture(path, 16, 24, colour=False).pixels.astype(int)
    assert np.abs(found - upright).max() <= 4
    assert read_digit(path, 28, 28).tolist() == pytest.approx(
        read_digit(saved(Image.fromarray(upright), tmp_path / "b.png"), 28, 28), abs=16
    )


def test_damaged_exif_data_does_no_harm(tmp_path: Path) -> None:
    for ending in ("png", "jpg"):
        for damaged in (b"Exif\0\0II*\0\xff\xff\0\0garbage", b"Exif\0\0II*\0\x08\0\0\0\xff\x00\x12\x01\x03"):
            path = saved(Image.fromarray(SHADES), tmp_path / f"a.{ending}", exif=damaged, quality=100)
            assert np.abs(np.array(grey(path)) - SHADES).max() <= 4


def test_all_that_pillow_decodes_is_an_image_by_its_name() -> None:
    Image.init()
    there = {ending for ending, kind in Image.registered_extensions().items() if kind in Image.OPEN}
    excluded = {ending for ending, kind in Image.registered_extensions().items() if kind in NOT_DECODED}
    assert there - excluded <= ENDINGS
    assert not excluded & ENDINGS


def folder_of(tmp_path: Path, *names: str) -> Path:
    for name in names:
        path = tmp_path / "all" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix[1:] in ("png", "bmp", "tif", "webp", "gif", "ppm", "jpg", "JPG"):
            Image.fromarray(SHADES).save(path)
        else:
            path.write_text("no image")
    return tmp_path


def load(folder: Path, **options) -> Dataset:
    spec = convert(DatasetSpec, {"type": "images", "path": "all", "height": 2, "width": 3, **options})
    return spec.load(0, folder)


def test_images_of_all_kinds_and_in_deeper_folders_are_read(tmp_path: Path) -> None:
    folder_of(tmp_path, "a/1.bmp", "a/2.tif", "a/3.webp", "b/4.gif", "b/5.ppm", "b/deeper/still/6.JPG")
    dataset = load(tmp_path)
    assert dataset.row_spec.classes == ("a", "b")
    assert dataset.train.y.tolist() == [0, 0, 0, 1, 1, 1]
    assert (dataset.notes, dataset.problems) == ([], [])
    assert load(tmp_path, colour=True).problems == []


def test_images_of_several_sizes_become_one_size(tmp_path: Path) -> None:
    """Stretched, or with their ratio of width to height kept: in bands of black, or with the ends cut off."""
    for name, (height, width) in {"a/wide": (4, 12), "a/right": (8, 12), "b/high": (12, 6)}.items():
        halves = np.full((height, width, 3), (200, 100, 50), np.uint8)
        halves[: height // 4] = halves[height - height // 4 :] = 255
        (tmp_path / "all" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(halves).save(tmp_path / "all" / f"{name}.png")
    size = {"height": 8, "width": 12, "colour": True}
    stretched = load(tmp_path, **size).train.x
    assert stretched.shape == (3, 8, 12, 3)
    for image in stretched:  # a quarter of the height is white at either end of all of them
        assert image[[0, -1]].min() == 255
        assert np.abs(image[4].astype(int) - (200, 100, 50)).max() < 20  # a smooth scaling overshoots
    right, wide, high = load(tmp_path, **size, pad_to_aspect_ratio=True).train.x
    assert right.tolist() == stretched[0].tolist()
    assert not wide[[0, 1, -2, -1]].any()
    assert wide[[2, -3]].min() == 255
    assert not high[:, [0, 1, 2, 3, -4, -3, -2, -1]].any()
    assert high[[0, -1], 4:8].min() == 255
    right, wide, high = load(tmp_path, **size, crop_to_aspect_ratio=True).train.x
    assert right.tolist() == stretched[0].tolist()
    assert wide[[0, -1]].min() == 255
    assert np.abs(high.astype(int) - (200, 100, 50)).max() < 20  # its white ends are cut off


def test_what_is_left_out_is_named_and_counted(tmp_path: Path) -> None:
    folder_of(
        tmp_path,
        "a/1.png",
        "b/2.png",
        ".ipynb_checkpoints/1.png",
        "__MACOSX/a/1.png",
        "a/.ipynb_checkpoints/1.png",
        "b/sub/3.png",
        "loose.png",
        "b/Thumbs.db",
        "a/._1.txt",
        "readme.txt",
    )
    (tmp_path / "all" / "a" / "._0.png").write_bytes(b"\0\5\x16\7")
    dataset = load(tmp_path)
    assert (dataset.row_spec.classes, dataset.train.y.tolist()) == (("a", "b"), [0, 1, 1])
    assert dataset.notes == [
        f"left out of {tmp_path}/all: 5 hidden (.ipynb_checkpoints, __MACOSX, a/._0.png, a/._1.txt, "
        "a/.ipynb_checkpoints); 1 outside of the classes' folders (loose.png); "
        "2 not images by their names (b/Thumbs.db, readme.txt)"
    ]
    (tmp_path / "all" / "b" / "linked").symlink_to(tmp_path / "all" / "a")
    assert "1 links to folders (b/linked)" in load(tmp_path).notes[0]


def test_no_class_vanishes(tmp_path: Path) -> None:
    folder_of(tmp_path, "a/1.png", "b/2.png", "c/3.heic")
    with pytest.raises(DataError, match=r"all/c: the folder of a class holds no image that Pillow reads, but 3\.heic;"):
        load(tmp_path)
    folder_of(tmp_path, "c/3.png")
    (tmp_path / "all" / "d").mkdir()
    with pytest.raises(DataError, match=r"all/d: the folder of a class holds no image"):
        load(tmp_path)


def test_folders_of_parts_are_no_classes(tmp_path: Path) -> None:
    folder_of(tmp_path, "train/a/1.png", "train/b/2.png", "test/a/3.png", "test/b/4.png")
    with pytest.raises(DataError, match=r"its folders \(test, train\) hold the same folders \(a, b\)"):
        load(tmp_path)
    dataset = load(tmp_path, path="all/train", test_path="all/test")
    assert dataset.row_spec.classes == ("a", "b")


def test_damaged_images_are_all_named(tmp_path: Path) -> None:
    folder_of(tmp_path, "a/1.png", "b/2.png")
    for number in range(7):
        (tmp_path / "all" / "a" / f"bad{number}.png").write_text("no image")
    with pytest.raises(DataError) as refusal:
        load(tmp_path)
    lines = str(refusal.value).split("\n")
    assert [f"bad{number}.png: cannot be read" in lines[number] for number in range(5)] == [True] * 5
    assert lines[5:] == ["and 2 more images"]


def test_data_that_has_other_classes_by_now_is_refused(tmp_path: Path) -> None:
    folder_of(tmp_path, "b/1.png", "b/2.png", "c/3.png", "c/4.png")
    text = (
        "dataset: {type: images, path: all, height: 2, width: 3}\n"
        "layers: [flatten, {type: dense, units: 2, activation: softmax}]\nloss: sparse_categorical_crossentropy\n"
    )
    job = prepare(parse_config(text, tmp_path / "t.yaml"), tmp_path)
    job.model([]).save(tmp_path / "model.npz")
    record = SavedRun.read(tmp_path / "model.npz")
    job.model([]).refuse_other(job.dataset.row_spec)
    for name, change in (("a/5.png", "a is new"), ("a/6.png", "a is new")):
        folder_of(tmp_path, name)
        spec = load(tmp_path).row_spec
        with pytest.raises(DataError, match=f"^the data has other classes now than the model learned: {change}$"):
            job.model([]).refuse_other(spec)
    with pytest.raises(DataError, match="other classes now"):
        _ = record.data
    with pytest.raises(DataError, match="a row of the data is 4 x 3 now, but the model learned from rows of 2 x 3"):
        job.model([]).refuse_other(load(tmp_path, height=4).row_spec)
