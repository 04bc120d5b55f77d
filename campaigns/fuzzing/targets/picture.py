import io
import struct
import zlib
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image

from campaigns.fuzzing.mutations import HUGE, INTERESTING, change_bytes
from campaigns.fuzzing.targets import Target
from mltrain.data.image_files import read_digit, read_picture

_KINDS = (
    *(("RGB", "PNG"), ("P", "PNG"), ("LA", "PNG"), ("I;16", "PNG"), ("RGB", "JPEG"), ("L", "JPEG"), ("CMYK", "JPEG")),
    *(("RGB", "TIFF"), ("I;16", "TIFF"), ("F", "TIFF"), ("P", "GIF"), ("RGB", "BMP"), ("RGB", "WEBP"), ("L", "PPM")),
    *(
        ("RGB", "TGA"),
        ("RGB", "JPEG2000"),
        ("RGB", "ICO"),
        ("RGB", "PCX"),
        ("RGB", "SGI"),
        ("1", "XBM"),
        ("RGB", "DDS"),
    ),
)
"""Modes and formats of the images that are changed."""


class PictureTarget(Target):
    """an image of one of many formats, changed in its bytes and, for PNG, chunks"""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._path = folder / "digit.png"
        pixels = np.arange(192, dtype=np.uint8).reshape(8, 8, 3)
        self._files = []
        for mode, form in _KINDS:
            file = io.BytesIO()
            Image.fromarray(pixels).convert("L" if mode in ("I;16", "F") else "RGB").convert(mode).save(file, form)
            self._files.append(file.getvalue())

    def mutated(self, rng: Random) -> dict[str, bytes]:
        content = rng.choice(self._files)
        if content.startswith(b"\x89PNG") and rng.random() < 0.5:
            return {self._path.name: _change_chunk(rng, content)}
        return {self._path.name: change_bytes(rng, content, self._files)}

    def read(self) -> None:
        read_picture(self._path, 4, 4, colour=True)
        read_digit(self._path, 28, 28)


def _change_chunk(rng: Random, content: bytes) -> bytes:
    """A PNG with one of its chunks changed, doubled, renamed or left out, and the right checksum."""
    chunks, place = [], 8
    while place < len(content):
        (length,) = struct.unpack_from(">I", content, place)
        chunks.append((content[place + 4 : place + 8], content[place + 8 : place + 8 + length]))
        place += 12 + length
    index = rng.randrange(len(chunks))
    name, data = chunks[index]
    match rng.randrange(6):
        case 0:
            width, height = (rng.choice((*INTERESTING, *HUGE)) % 2**32 for _ in range(2))
            chunks[0] = (b"IHDR", struct.pack(">II", width, height) + chunks[0][1][8:])
        case 1:
            chunks[index] = (name, change_bytes(rng, data))
        case 2:
            chunks.insert(index, (name, data))
        case 3:
            del chunks[index]
        case 4:
            chunks[index] = (
                rng.choice((b"IDAT", b"PLTE", b"tRNS", b"acTL", b"fdAT", b"eXIf", b"gAMA", b"zTXt", b"IEND")),
                data,
            )
        case _:
            text = b"x\0\0" + zlib.compress(bytes(rng.choice((10, 10_000, 10_000_000))))
            chunks.insert(1, (rng.choice((b"zTXt", b"iCCP")), text))
    made = (
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
    return content[:8] + b"".join(made)
