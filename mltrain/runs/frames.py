"""``frames.npz``: snapshots of a network's parameters during training, from which pictures are drawn.

How data flows into pictures: `fit` writes ``history.csv`` (every number that an epoch reported), ``frames.npz`` (the
parameters before training and, with ``--frames K``, at K moments of it) and ``model.npz`` (the parameters at the end).
Curves and tracked parameters are drawn from the first, before-and-after pictures and animations from the others.
Pictures need only the forward pass; they do not train again.
"""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from mltrain.engine.arrays import Floats
from mltrain.errors import ModelFileError
from mltrain.inference.model_file import ModelFile, write_model_file


class Frames(msgspec.Struct, frozen=True):
    """Flat float32 vectors of parameters, each with the epoch after which it was copied; 0 is before training."""

    epochs: list[int] = msgspec.field(default_factory=list)
    vectors: list[Floats] = msgspec.field(default_factory=list)

    def keep(self, epoch: int, parameters: Floats) -> None:
        """Keep a copy."""
        self.epochs.append(epoch)
        self.vectors.append(parameters.copy())

    def until(self, epoch: int) -> "Frames":
        """The frames up to and including this epoch."""
        count = sum(one <= epoch for one in self.epochs)
        return Frames(self.epochs[:count], self.vectors[:count])

    def save(self, path: Path) -> None:
        """Write the file atomically. Raises `StorageError`."""
        write_model_file(path, {"epochs": self.epochs}, {"parameters": np.stack(self.vectors)})

    @classmethod
    def load(cls, path: Path, parameters: int) -> "Frames":
        """Read the frames of a network with the given number of parameters. Raises `ModelFileError`."""
        with ModelFile(path) as file:
            epochs = file.meta.get("epochs")
            if not isinstance(epochs, list) or not are_frame_epochs(epochs):
                raise ModelFileError(f"{path}: does not say of which epochs it is; the file is damaged")
            vectors = file.read("parameters", (len(epochs), parameters))
        return cls(epochs, list(vectors))


def are_frame_epochs(epochs: Sequence[Any]) -> bool:
    """Whether these are valid epochs of frames: at least one, in ascending order."""
    whole = all(type(epoch) is int and 0 <= epoch < _MOST_EPOCHS for epoch in epochs)
    return bool(epochs) and whole and all(one < other for one, other in pairwise(epochs))


_MOST_EPOCHS = 2**53


class FrameKeeper:
    """Keeps ``count`` frames of a training of ``epochs`` epochs: the state before it, and epochs spread over it.

    Frames are denser at the beginning, where parameters change most. Where a training resumes after epoch ``done``,
    ``frames`` are the frames kept up to then.
    """

    def __init__(self, count: int, epochs: int, frames: Frames | None = None, done: int = -1):
        self.count, self.frames = count, frames or Frames()
        self._wanted = {epoch for epoch in frame_epochs(count, epochs) if epoch > done}

    def keep_if_chosen(self, epoch: int, parameters: Floats) -> None:
        """Copy the parameters if this epoch is one of the chosen ones and has no frame yet."""
        if epoch in self._wanted:
            self._wanted.remove(epoch)
            self.frames.keep(epoch, parameters)


def frame_epochs(count: int, epochs: int) -> Sequence[int]:
    """Choose ``count`` of the epochs 0 to ``epochs``, with the first and the last if ``count`` allows.

    The distances grow evenly. The epochs are distinct.
    """
    last = min(count, epochs + 1) - 1
    chosen: list[int] = [0]
    for number in range(1, last + 1):
        chosen.append(max(chosen[-1] + 1, round(epochs * (number / last) ** 2)))
    return chosen
