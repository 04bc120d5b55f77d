import io
from pathlib import Path
from random import Random

import numpy as np

from campaigns.fuzzing.archives import changed_archive, members_of
from campaigns.fuzzing.targets import Target
from mltrain.data.datasets.npz import Npz


class NpzTarget(Target):
    """arrays of numpy.savez, changed in their bytes, zip records and headers"""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._files = []
        x, y = np.arange(12, dtype=np.float32).reshape(4, 3), np.array(["a", "b", "a", "b"])
        for save, targets in ((np.savez, y), (np.savez_compressed, np.arange(4) % 2), (np.savez, np.ones((4, 2)))):
            file = io.BytesIO()
            save(file, x=x, y=targets)
            self._files.append(file.getvalue())
        self._members = [members_of(content) for content in self._files]

    def mutated(self, rng: Random) -> dict[str, bytes]:
        which = rng.randrange(len(self._files))
        return {"rows.npz": changed_archive(rng, self._files[which], self._members[which], self._files)}

    def read(self) -> None:
        Npz(path="rows.npz").load(0, self.folder)
