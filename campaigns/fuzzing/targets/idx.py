import gzip
from pathlib import Path
from random import Random

from campaigns.fuzzing.mutations import change_bytes
from campaigns.fuzzing.targets import Target
from mltrain.data.idx_format import read_idx

_AT_MOST = 2**31


class IdxTarget(Target):
    """an IDX file, plain or gzip, changed in its bytes"""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._path = folder / "images"
        plain = bytes([0, 0, 8, 3, 0, 0, 0, 4, 0, 0, 0, 3, 0, 0, 0, 2, *range(24)])
        self._files = [plain, gzip.compress(plain, mtime=0)]

    def mutated(self, rng: Random) -> dict[str, bytes]:
        content = change_bytes(rng, rng.choice(self._files), self._files)
        if rng.random() < 0.2:
            content = gzip.compress(content, mtime=0)
        return {self._path.name: content}

    def read(self) -> None:
        read_idx(self._path, dimensions=3, at_most=_AT_MOST)
