"""Rows to learn from: a dataset's description (one file each in ``datasets/``) and the arrays that it yields."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt
from msgspec import Meta

from mltrain.randomness import generator
from mltrain.spec import Family, Spec

Fraction = Annotated[float, Meta(ge=0, lt=1)]


class Split(NamedTuple):
    """Rows and their targets.

    ``x`` is ``(rows, *input_shape)``, float32 or, for images, bytes. ``y`` is float32 ``(rows, outputs)``, or int32 class
    numbers ``(rows,)``.
    """

    x: npt.NDArray[Any]
    y: npt.NDArray[Any]


@dataclass(frozen=True)
class Facts:
    """What one row looks like: enough to infer a network's shapes and to read its predictions.

    ``classes`` are the names of the classes, or None where targets are numbers, ``outputs`` of them a row. What the
    network sees is ``x * scale``.
    """

    input_shape: tuple[int, ...]
    outputs: int = 1
    classes: tuple[str, ...] | None = None
    scale: float = 1.0

    @property
    def named(self) -> bool:
        """Whether the targets are names, not numbers that happen to be used as classes."""
        return self.classes is not None and self.classes != tuple(map(str, range(len(self.classes))))


@dataclass(frozen=True)
class Dataset:
    """All rows of a dataset, as float32 or bytes; the held-back parts are None where nothing was held back."""

    facts: Facts
    train: Split
    validation: Split | None = None
    test: Split | None = None


class DatasetSpec(Spec):
    """A dataset's description. Members say what a row looks like before they load anything."""

    family: ClassVar[Family] = Family("dataset", "mltrain.data.datasets")

    validation_split: Annotated[Fraction, Meta(description="share of the rows held back to watch training by")] = 0.0
    test_split: Annotated[Fraction, Meta(description="share of the rows held back for evaluate")] = 0.0

    def facts(self, folder: Path) -> Facts:
        """What one row looks like. ``folder`` is where the config stands: relative paths start there.

        Raises `DataError`.
        """
        raise NotImplementedError

    def load(self, seed: int, folder: Path) -> Dataset:
        """Make or read all rows. Raises `DataError`."""
        raise NotImplementedError

    def parts(self, rows: Split, facts: Facts, seed: int, test: Split | None = None) -> Dataset:
        """Split ``rows`` at random, by the seed, into what is trained on and what is held back."""
        count = len(rows.x)
        validation_count, test_count = round(count * self.validation_split), round(count * self.test_split)
        order = generator(seed, "split").permutation(count)
        # Rows that stay together keep their order, so that nothing held back means nothing moved.
        held, kept = order[: validation_count + test_count], np.sort(order[validation_count + test_count :])

        def part(indices: npt.NDArray[np.intp]) -> Split | None:
            return Split(rows.x[indices], rows.y[indices]) if len(indices) else None

        validation, own_test = part(np.sort(held[:validation_count])), part(np.sort(held[validation_count:]))
        train = rows if not len(held) else Split(rows.x[kept], rows.y[kept])
        return Dataset(facts, train, validation, test if test is not None else own_test)
