"""Rows to learn from: a dataset's description (one file each in ``datasets/``) and the arrays that it yields."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt
from msgspec import Meta

from mltrain.data.preprocessing import AS_IS, Preprocessing
from mltrain.data.splitting import draw_parts
from mltrain.errors import OptionError
from mltrain.random_streams import generator
from mltrain.spec import Family, Spec

Fraction = Annotated[float, Meta(ge=0, lt=1)]

Progress = Callable[[str, int, int | None], None]
"""Told how a download goes: the file's name, the bytes that came, and how many there are, or None if nobody knows."""


class Split(NamedTuple):
    """Rows and their targets.

    ``x`` is ``(rows, *input_shape)``, float32 or, for images, bytes. ``y`` is float32 ``(rows, outputs)``, or int32
    class numbers ``(rows,)``.
    """

    x: npt.NDArray[Any]
    y: npt.NDArray[Any]


@dataclass(frozen=True)
class RowSpec:
    """What one row looks like: enough to infer a network's shapes and to read its predictions.

    ``classes`` are the names of the classes, or None where targets are numbers, ``outputs`` of them a row.
    """

    input_shape: tuple[int, ...]
    outputs: int = 1
    classes: tuple[str, ...] | None = None

    @property
    def named(self) -> bool:
        """Whether the targets are names, not numbers that happen to be used as classes."""
        return self.classes is not None and self.classes != tuple(map(str, range(len(self.classes))))


@dataclass(frozen=True)
class Dataset:
    """All rows of a dataset, as float32 or bytes; the held-back parts are None where nothing was held back.

    ``preprocessing`` is what happens to them on their way into the network, learned on ``train`` only. ``gaps`` counts
    the missing values that were filled in, by column. ``notes`` say what was left out, in a sentence each.
    """

    row_spec: RowSpec
    train: Split
    validation: Split | None = None
    test: Split | None = None
    preprocessing: Preprocessing = AS_IS
    gaps: Mapping[str, int] = field(default_factory=dict)
    notes: Sequence[str] = ()

    @property
    def by_name(self) -> dict[str, Split]:
        """The parts that there are, as commands call them: train, validation, test."""
        named = {"train": self.train, "validation": self.validation, "test": self.test}
        return {name: rows for name, rows in named.items() if rows is not None}


class DatasetSpec(Spec):
    """A dataset's description. Members say what a row looks like before they load anything.

    Options that do not fit each other are refused with `OptionError` when the description is made.
    """

    family: ClassVar[Family] = Family("dataset", "mltrain.data.datasets")

    validation_split: Annotated[Fraction, Meta(description="share of the rows held back to watch training by")] = 0.0
    test_split: Annotated[Fraction, Meta(description="share of the rows held back for evaluate")] = 0.0

    def __post_init__(self) -> None:
        if self.validation_split + self.test_split >= 1:
            both = f"validation_split {self.validation_split:g} and test_split {self.test_split:g}"
            raise OptionError(("test_split",), f"{both} leave no rows to train on; they must add up to less than 1")

    def check_test_pair(self, inputs: str, targets: str, rows: str) -> None:
        """For data with test ``rows`` of its own, named by two options: refuse one of them alone, or ``test_split``."""
        given = [name for name in (inputs, targets) if getattr(self, name) is not None]
        if len(given) == 1:
            missing = targets if given == [inputs] else inputs
            raise OptionError((missing,), f"{inputs} and {targets} belong together; name both")
        if self.test_split and given:
            raise OptionError((inputs,), f"test_split draws these {rows} already; keep one of the two")

    def row_spec(self, folder: Path) -> RowSpec:
        """What one row looks like. ``folder`` is where the config stands: relative paths start there.

        Raises `DataError`.
        """
        raise NotImplementedError

    def count(self) -> int | None:
        """How many rows there are, all parts together, where the description says so."""
        return None

    def load(self, seed: int, folder: Path) -> Dataset:
        """Make or read all rows. Raises `DataError`."""
        raise NotImplementedError

    def true_function(self, x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64] | None:
        """The y of each x that noise hides, where a formula says it: what a perfect network would answer.

        Both are ``(rows,)``. For datasets of points in a plane see `true_boundary`.
        """
        return None

    def true_parameters(self) -> dict[str, float]:
        """What a single dense unit would have to learn, by the names of its parameters, where that is known."""
        return {}

    def true_boundary(self, first: npt.NDArray[np.float64]) -> npt.NDArray[np.float64] | None:
        """For points in a plane that a curve divides: its second coordinate at each first one, where that is known."""
        return None

    def with_absolute_paths(self, folder: Path) -> "DatasetSpec":
        """The same dataset, described so that its files are found from anywhere on this machine."""
        return self

    def without_paths(self) -> "DatasetSpec":
        """The same dataset without a word about where its files are, as a model keeps it."""
        return self

    def download_notice(self, folder: Path) -> str | None:
        """One sentence about what has to be fetched before it can be loaded, or None if nothing has.

        Raises `DataError` where it cannot be fetched.
        """
        return None

    def fetch(self, folder: Path, progress: Progress | None = None) -> bool:
        """Download what is missing; whether there was anything to download. Raises `DataError` or `StorageError`.

        `load` does so by itself; this is for those who want to watch the ``progress``.
        """
        return False

    def parts(
        self,
        rows: Split,
        row_spec: RowSpec,
        seed: int,
        test: Split | None = None,
        preprocessing: Preprocessing = AS_IS,
        notes: Sequence[str] = (),
    ) -> Dataset:
        """Split ``rows`` at random, by the seed, into what is trained on and what is held back.

        Each held-back part has its share of the rows, and of every class; rows keep their order within a part.
        ``test`` is given by data that has a test set of its own. Raises `DataError` where a part would be empty.
        """
        labels = rows.y if row_spec.classes is not None else None
        drawn = draw_parts(len(rows.x), self.validation_split, self.test_split, generator(seed, "split"), labels)
        if len(drawn.train) == len(rows.x):
            return Dataset(row_spec, rows, None, test, preprocessing, notes=notes)
        train, validation, own_test = (Split(rows.x[part], rows.y[part]) if len(part) else None for part in drawn)
        assert train is not None
        return Dataset(row_spec, train, validation, own_test or test, preprocessing, notes=notes)
