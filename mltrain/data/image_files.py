"""Image files -> arrays of bytes, by Pillow."""

import warnings
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from mltrain.data.ink import find_ink, thick_enough
from mltrain.errors import DataError, reason
from mltrain.system.extras import needed
from mltrain.system.safe_open import open_file

_ENDINGS = (
    ".apng .avif .avifs .blp .bmp .bw .cur .dcx .dds .dib .fit .fits .flc .fli .ftc .ftu .gbr .gif .icb .icns .ico .im "
    ".j2c .j2k .jfif .jp2 .jpc .jpe .jpeg .jpf .jpg .jpx .mpo .msp .pbm .pcd .pcx .pfm .pgm .png .pnm .ppm .psd .pxr "
    ".qoi .ras .rgb .rgba .sgi .tga .tif .tiff .vda .vst .webp .xbm .xpm"
)
ENDINGS = frozenset(_ENDINGS.split())
"""How the names of images end that Pillow decodes. A table, so that Pillow is imported only to read an image."""

NOT_DECODED = frozenset({"BUFR", "EPS", "GRIB", "HDF5", "IPTC", "MPEG", "WMF"})
"""Formats that Pillow knows but does not decode itself. For EPS it would start Ghostscript on untrusted input."""

_ORIENTATION = 0x0112
_UPRIGHT = {
    2: "FLIP_LEFT_RIGHT",
    3: "ROTATE_180",
    4: "FLIP_TOP_BOTTOM",
    5: "TRANSPOSE",
    6: "ROTATE_270",
    7: "TRANSVERSE",
    8: "ROTATE_90",
}
"""For each value of the EXIF tag Orientation, the operation of Pillow that turns the image upright."""

_PHOTOMETRIC, _WHITE_IS_ZERO, _BITS = 262, 0, 258
"""Tags of TIFF."""

MOST_PIXELS = 2**24
"""Pixels of an image that is read; in memory, each takes some bytes, however few the file has."""

_LARGE = (1024, 1024)
"""Width and height up to which a larger image is made smaller, so that looking at it takes no long time."""

Pixels = npt.NDArray[np.uint8]

_BOX = 20 / 28
"""How much of an image's side MNIST's digits fill."""


Fit = Literal["stretch", "crop", "pad"]
"""How an image gets another ratio of width to height: both sides scaled, its ends cut off, or black bands added."""


class Picture(NamedTuple):
    """Pixels ``(height, width)`` in grey, or ``(height, width, 3)``, and whether the file itself has no colours."""

    pixels: Pixels
    grey_file: bool


def read_picture(path: Path | str, height: int, width: int, *, colour: bool, fit: Fit = "stretch") -> Picture:
    """An image of that size. Raises `DataError`."""
    opened = _open(path, "RGB" if colour else "L")
    picture, size = opened.picture, (width, height)
    if fit == "stretch":
        picture = picture.resize(size)
    else:
        operations = needed("PIL.ImageOps", "reading images", "images")
        picture = operations.fit(picture, size) if fit == "crop" else operations.pad(picture, size)
    return Picture(np.asarray(picture, np.uint8), opened.grey_file)


class Facts(NamedTuple):
    """An image as it is held upright, and whether its file has no colours."""

    height: int
    width: int
    grey: bool


def read_facts(path: Path | str) -> Facts:
    """What an image file is like. Raises `DataError`."""
    opened = _open(path, "RGB")
    return Facts(opened.picture.height, opened.picture.width, opened.grey_file)


def read_digit(path: Path | str, height: int, width: int) -> Pixels:
    """A digit as MNIST has them, ``(height, width)``: ink 255 on paper 0, in a box of its own, centred by its mass.

    The image may have any size, dark ink on light paper or light on dark, evenly lit or not, the paper ruled or not.
    Raises `DataError`.
    http://yann.lecun.com/exdb/mnist/ describes how MNIST was made.
    """
    image = _module()
    picture = _open(path, "L").picture
    picture.thumbnail(_LARGE)
    ink = find_ink(np.asarray(picture, np.float64))
    if not ink.any():
        raise DataError(f"{path}: there is nothing to be seen on the image; all of it has one shade")
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    digit = thick_enough(ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    factor = min(height * _BOX / digit.shape[0], width * _BOX / digit.shape[1])
    tall, wide = (max(1, round(length * factor)) for length in digit.shape)
    small = image.fromarray((digit * (255 / digit.max())).astype(np.uint8)).resize((wide, tall))
    drawn = np.asarray(small, np.float64)
    drawn *= 255 / max(1.0, drawn.max())
    top = _start(drawn.sum(axis=1), height)
    left = _start(drawn.sum(axis=0), width)
    centred = np.zeros((height, width), np.uint8)
    centred[top : top + tall, left : left + wide] = drawn.astype(np.uint8)
    return centred


def _start(mass: npt.NDArray[np.float64], length: int) -> int:
    """Where a row of masses begins if their centre is to be that of a side of ``length``, and all are to be on it."""
    centre = float((np.arange(len(mass)) + 0.5) @ mass / mass.sum())
    return int(np.clip(round(length / 2 - centre), 0, length - len(mass)))


def _module() -> Any:
    return needed("PIL.Image", "reading images", "images")


def is_picture(path: Path | str) -> bool:
    """Whether the name of a file says that it is an image."""
    return Path(path).suffix.lower() in ENDINGS


class _Opened(NamedTuple):
    picture: Any
    grey_file: bool


def _open(path: Path | str, mode: str) -> _Opened:
    """The image as ``RGB`` or ``L`` (grey) of 8 bits, upright; what is transparent shows white paper.

    Of several images in one file (GIF, TIFF), it is the first.
    """
    image = _module()
    try:
        # Pillow warns of images that it takes for bombs, of damaged ones, too; and it complains in many ways.
        with warnings.catch_warnings(action="error"), open_file(path) as file:
            warnings.filterwarnings("ignore", "Corrupt EXIF data")  # cameras write such; the pixels are right
            image.init()
            with image.open(file, formats=[name for name in image.OPEN if name not in NOT_DECODED]) as opened:
                mode_of_file = opened.mode
                opened.draft(mode, _LARGE)  # a large JPEG is read as a smaller one; does nothing for other formats
                if opened.width * opened.height > MOST_PIXELS:
                    raise DataError(
                        f"{path}: {opened.width:,} x {opened.height:,} pixels are too many; make it smaller"
                    )
                _shorten_clear_colour(opened)
                opened.load()
                picture = _upright(image, _eight_bits(image, path, opened, mode), opened)
                return _Opened(picture, _is_grey(opened, mode_of_file))
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file") from None
    except DataError:
        raise
    except image.UnidentifiedImageError:
        raise DataError(f"{path}: cannot be read as an image: it has no format that Pillow reads") from None
    except Exception as error:
        why = reason(error)
        raise DataError(f"{path}: cannot be read as an image: {why}") from None


def _is_grey(opened: Any, mode: str) -> bool:
    """Whether a file of this mode keeps shades of grey only. Whether its colours happen to be grey does not count."""
    if mode in ("P", "PA"):
        palette = opened.getpalette() or []
        return palette[::3] == palette[1::3] == palette[2::3]
    if opened.format in ("AVIF", "WEBP"):  # which have no mode for grey
        red, green, blue = opened.convert("RGB").split()
        return bool(red == green == blue)
    return mode in ("1", "L", "LA", "La", "F") or mode.startswith("I")


def _eight_bits(image: Any, path: Path | str, opened: Any, mode: str) -> Any:
    """The pixels as ``mode``. Pillow's own conversion cuts numbers of more than 8 bits off at 255."""
    if opened.mode == "F" or (opened.mode == "I" and opened.format not in ("PNG", "PPM")):
        kind = "floats" if opened.mode == "F" else "signed or 32-bit integers"
        raise DataError(
            f"{path}: its pixels are {kind}, which do not say which of them is white; save it with 8 or 16 bits"
        )
    if opened.mode.startswith("I"):
        return _grey_of_16_bits(image, opened).convert(mode)
    if not opened.has_transparency_data:
        return opened.convert(mode)
    paper = image.new("RGBA", opened.size, "white")
    paper.alpha_composite(opened.convert("RGBA"))
    return paper.convert(mode)


def _grey_of_16_bits(image: Any, opened: Any) -> Any:
    values = np.asarray(opened).astype(np.float64)
    bits, inverted = 16, False
    if opened.format == "TIFF":
        bits = int(opened.tag_v2.get(_BITS, (16,))[0])
        inverted = opened.tag_v2.get(_PHOTOMETRIC) == _WHITE_IS_ZERO
    grey = np.rint(np.clip(values * (255 / (2**bits - 1)), 0, 255))
    grey = 255 - grey if inverted else grey
    clear = opened.info.get("transparency")
    if isinstance(clear, int):
        grey[values == clear] = 255
    return image.fromarray(grey.astype(np.uint8))


def _shorten_clear_colour(opened: Any) -> None:
    """The colour that is transparent has 16 bits where a PNG's pixels have, of which Pillow keeps the upper 8."""
    clear = opened.info.get("transparency")
    if isinstance(clear, tuple) and opened.tile and str(opened.tile[0][3]).endswith("16B"):
        opened.info["transparency"] = tuple(value >> 8 for value in clear)


def _upright(image: Any, picture: Any, opened: Any) -> Any:
    """The picture as the camera was held. EXIF data that cannot be read says nothing."""
    try:
        with warnings.catch_warnings(action="ignore"):
            orientation = opened.getexif().get(_ORIENTATION)
    except Exception:  # Pillow raises many kinds of errors for damaged EXIF data
        return picture
    operation = _UPRIGHT.get(orientation) if isinstance(orientation, int) else None
    return picture.transpose(image.Transpose[operation]) if operation else picture
