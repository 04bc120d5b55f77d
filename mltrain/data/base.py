"""Rows to learn from: a dataset's description (one file each in ``datasets/``) and the arrays that it yields."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Meta

from mltrain.data.find_files import why_missing
from mltrain.data.folds import group_folds, ordered_folds, random_folds
from mltrain.data.preprocessing import AS_IS, Preprocessing
from mltrain.data.splitting import Indices, Parts, draw_parts, ordered_parts
from mltrain.errors import DataProblem, OptionError
from mltrain.random_streams import generator
from mltrain.spec import Family, Spec

if TYPE_CHECKING:
    from mltrain.data.tables.layout import Like

Fraction = Annotated[float, Meta(ge=0, lt=1)]

ImageForm = Literal["digit", "stretch", "crop", "pad"]
"""How an image file becomes a row: a digit is cut out and centred as MNIST's are; others are scaled to the size of
rows; where the ratio of their sides differs they are stretched, their ends are cut off, or black bands are added."""

Progress = Callable[[str, int, int | None], None]
"""Called as a download proceeds: the file's name, the bytes received, and their total, or None if it is not known."""


class Split(NamedTuple):
    """Rows and their targets.

    ``x`` is ``(rows, *input_shape)``, float32 or, for images, bytes. ``y`` is float32 ``(rows, outputs)``, or int32
    class numbers ``(rows,)``.
    """

    x: npt.NDArray[Any]
    y: npt.NDArray[Any]


class InputSpec(NamedTuple):
    """One input of a network: the shape of a row of it, and whether it holds floats or whole numbers, such as ids."""

    shape: tuple[int, ...]
    dtype: Literal["float", "int"] = "float"


class RowSpec(msgspec.Struct, frozen=True):
    """What one row looks like: enough to infer a network's shapes and to read its predictions.

    ``classes`` are the names of the classes, or None where targets are numbers, ``outputs`` of them a row. Where a row
    has targets for several ``positions``, such as the steps of a sequence, there are as many for each of them.

    A network may read a row as several inputs, ``named_inputs``. Then ``input_shape`` has one length, and they lie in
    the row one behind the other.
    """

    input_shape: tuple[int, ...]
    outputs: int = 1
    classes: tuple[str, ...] | None = None
    positions: tuple[int, ...] = ()
    named_inputs: Mapping[str, InputSpec] = msgspec.field(default_factory=dict)

    @property
    def inputs(self) -> Mapping[str, InputSpec]:
        """The inputs by name: ``input`` where there is one without a name."""
        return self.named_inputs or {"input": InputSpec(self.input_shape)}

    @property
    def are_ids(self) -> npt.NDArray[np.bool_]:
        """Which numbers of a flat row are ids, of which the size means nothing, ``(numbers,)``."""
        parts = [np.full(prod(spec.shape), spec.dtype == "int") for spec in self.inputs.values()]
        return np.concatenate(parts)

    @property
    def named(self) -> bool:
        """Whether the targets are names, not numbers that happen to be used as classes."""
        return self.classes is not None and self.classes != tuple(map(str, range(len(self.classes))))


class ColumnLeftOut(NamedTuple):
    """A column that is no input: one of its own for each row, or one that says how rows are divided."""

    name: str
    kind: Literal["identifier", "group", "split"]
    reason: str


class Dataset(msgspec.Struct, frozen=True):
    """All rows of a dataset, as float32 or bytes; the held-back parts are None where nothing was held back.

    ``preprocessing`` is what happens to them on their way into the network, learned on ``train`` only. ``gaps`` counts
    the missing values that were filled in, by column. ``notes`` say what was left out, in a sentence each;
    ``warnings`` what looks wrong in the source, or was guessed. ``novelties`` say what rows held back have that those
    trained on have not. ``left_out`` are columns that are not learned from. ``problems`` are
    about options of the description that do not fit what was read: no training is to begin.
    """

    row_spec: RowSpec
    train: Split
    validation: Split | None = None
    test: Split | None = None
    preprocessing: Preprocessing = AS_IS
    gaps: Mapping[str, int] = msgspec.field(default_factory=dict)
    notes: Sequence[str] = ()
    warnings: tuple[str, ...] = ()
    novelties: Sequence[str] = ()
    left_out: tuple[ColumnLeftOut, ...] = ()
    problems: Sequence[DataProblem] = ()

    @property
    def by_name(self) -> dict[str, Split]:
        """The parts that there are, as commands call them: train, validation, test."""
        named = {"train": self.train, "validation": self.validation, "test": self.test}
        return {name: rows for name, rows in named.items() if rows is not None}

    @property
    def trained_on_validation(self) -> "Dataset":
        """The same with the validation rows behind those to train on."""
        if self.validation is None:
            return self
        both = Split(*(np.concatenate(arrays) for arrays in zip(self.train, self.validation, strict=True)))
        return msgspec.structs.replace(self, train=both, validation=None)


class RawData:
    """All rows of a dataset as they were read, before they are split and prepared: `DatasetSpec.read` gives them.

    ``count`` rows can be split; ``labels``, int32 ``(count,)``, are their classes, or None where targets are numbers.
    ``groups``, int32 ``(count,)``, are numbers of the groups that are not to be divided, or None without such groups.
    Rows that the source itself sets apart for the test or for validation are not among them.
    """

    @property
    def count(self) -> int:
        raise NotImplementedError

    @property
    def labels(self) -> npt.NDArray[np.int32] | None:
        raise NotImplementedError

    @property
    def groups(self) -> npt.NDArray[np.int32] | None:
        return None

    @property
    def row_numbers(self) -> npt.NDArray[np.intp]:
        """The number of each row in its source, counted from 1 and with the rows that were left out, ``(count,)``."""
        return np.arange(1, self.count + 1)

    def split(self, parts: Parts, *, learned: Preprocessing | None = None, last: bool = False) -> Dataset:
        """The rows of each part, by their numbers; what has to be learned from rows is learned from ``parts.train``.

        Each call begins with the rows as they were read, so that folds or seeds can follow each other. The ``last``
        one may use the memory of what was read: after it there is nothing to split. ``learned`` is what a model has
        learned from its own training rows, and is used in place of what these rows would teach. Raises `DataError`.
        """
        raise NotImplementedError


class RawArrays(RawData, msgspec.Struct, frozen=True):
    """Rows that need no preparation, or always the same; ``test`` is given by data that has a test set of its own.

    ``notes`` say what was left out while reading, in a sentence each; ``problems`` are as in `Dataset`.
    """

    row_spec: RowSpec
    rows: Split
    test: Split | None = None
    preprocessing: Preprocessing = AS_IS
    notes: Sequence[str] = ()
    problems: Sequence[DataProblem] = ()

    @property
    def count(self) -> int:
        return len(self.rows.x)

    @property
    def labels(self) -> npt.NDArray[np.int32] | None:
        return self.rows.y if self.row_spec.classes is not None else None

    def split(self, parts: Parts, *, learned: Preprocessing | None = None, last: bool = False) -> Dataset:
        train, validation, test = map(self._taken, parts)
        assert train is not None
        return Dataset(
            self.row_spec,
            train,
            validation,
            test or self.test,
            self.preprocessing,
            notes=self.notes,
            problems=self.problems,
        )

    def _taken(self, numbers: npt.NDArray[np.intp]) -> Split | None:
        if not len(numbers):
            return None
        if np.array_equal(numbers, np.arange(self.count)):
            return self.rows  # all of them: no copy
        return Split(self.rows.x[numbers], self.rows.y[numbers])


class DatasetSpec(Spec):
    """A dataset's description. Members read rows, and say what a row looks like; rows are split in one way for all.

    Options that do not fit each other are refused with `OptionError` when the description is made.
    """

    family: ClassVar[Family] = Family("dataset", "mltrain.data.datasets")
    path_options: ClassVar[tuple[str, ...]] = ()
    """The options that name files or folders."""

    validation_split: Annotated[Fraction, Meta(description="share of the rows held back to watch training by")] = 0.0
    test_split: Annotated[Fraction, Meta(description="share of the rows held back for evaluate")] = 0.0
    split_seed: Annotated[
        Annotated[int, Meta(ge=0)] | None,
        Meta(description="the seed by which rows are made and split, so that seed varies all else; by default seed"),
    ] = None
    split: Annotated[
        Literal["random", "chronological"] | None,
        Meta(
            description="which rows are held back: some by chance, as by default, or, where rows are in the order of "
            "time, the last ones for the test and those before them for validation"
        ),
    ] = None

    def __post_init__(self) -> None:
        if self.validation_split + self.test_split >= 1:
            both = f"validation_split {self.validation_split:g} and test_split {self.test_split:g}"
            raise OptionError(("test_split",), f"{both} leave no rows to train on; they must add up to less than 1")

    def find_missing(self, folder: Path) -> list[DataProblem]:
        """What the description names and is not there, such as files and columns; no rows are read for it.

        ``folder`` is where the config stands; the paths of the problems are relative to the description.
        """
        given = [(option, getattr(self, option)) for option in self.path_options]
        reasons = [(option, why_missing(path, folder)) for option, path in given if path is not None]
        return [DataProblem((option,), why) for option, why in reasons if why is not None]

    def check_test_pair(self, inputs: str, targets: str, rows: str) -> None:
        """For data with test ``rows`` of its own, named by two options: refuse one of them alone, or ``test_split``."""
        given = [name for name in (inputs, targets) if getattr(self, name) is not None]
        if len(given) == 1:
            missing = targets if given == [inputs] else inputs
            raise OptionError((missing,), f"{inputs} and {targets} belong together; name both")
        if self.test_split and given:
            raise OptionError((inputs,), f"test_split draws these {rows} already; keep one of the two")

    def known_row_spec(self, folder: Path) -> RowSpec | None:
        """What one row looks like, where that is known before any row is read. Raises `DataError`.

        ``folder`` is where the config stands: relative paths start there.
        """
        return None

    def row_spec(self, folder: Path) -> RowSpec:
        """What one row looks like; all rows are read where it takes that to know. Raises `DataError`."""
        return self.known_row_spec(folder) or self.load(0, folder).row_spec

    def count(self) -> int | None:
        """How many rows there are, all parts together, where the description says so."""
        return None

    def read(self, seed: int, folder: Path) -> RawData:
        """Make or read all rows. ``seed`` is the config's; `generator` gives the random numbers. Raises `DataError`."""
        raise NotImplementedError

    def draw(self, raw: RawData, seed: int) -> Parts:
        """Which rows are trained on and which are held back: the last ones, or some by chance. Raises `DataError`.

        Each part drawn by chance has its share of the rows, and of every class; rows keep their order within a part.
        """
        if self.split == "chronological":
            return ordered_parts(raw.count, self.validation_split, self.test_split)
        rng = self.generator(seed, "split")
        return draw_parts(raw.count, self.validation_split, self.test_split, rng, raw.labels, raw.groups)

    def draw_folds(
        self,
        raw: RawData,
        seed: int,
        folds: int,
        labels: npt.NDArray[np.int32] | None = None,
        classes: Sequence[str] = (),
        *,
        repeat: int = 0,
    ) -> list[Parts]:
        """The parts of each fold of a cross-validation; ``test`` are the rows that it holds out. Raises `DataError`.

        Rows of the test that `draw` gives are in no fold. Where the description draws validation rows, each fold
        draws its own from the rows that it does not hold out; otherwise all have those that the data itself sets apart.
        ``labels``, class numbers ``(raw.count,)`` of these ``classes``, are those by which folds are stratified.
        Each ``repeat`` divides the same rows by another seed, the next one.
        """
        whole = self.draw(raw, seed)
        rows = np.sort(np.concatenate((whole.train, whole.validation))) if self.validation_split else whole.train
        if self.split == "chronological":
            divided = ordered_folds(rows, folds)
        else:
            rng = self.generator(seed, "folds", repeat)
            if raw.groups is not None:
                held_out = group_folds(rows, folds, rng, raw.groups, labels)
            else:
                held_out = random_folds(rows, folds, rng, labels, classes)
            divided = [(np.setdiff1d(rows, held), held) for held in held_out]
        return [Parts(*self._fold(raw, rest, whole.validation, seed, repeat), held) for rest, held in divided]

    def _fold(
        self, raw: RawData, rows: Indices, validation: Indices, seed: int, repeat: int
    ) -> tuple[Indices, Indices]:
        """The rows of a fold to train on, and those for validation."""
        if not self.validation_split:
            return rows, validation
        if self.split == "chronological":
            parts = ordered_parts(len(rows), self.validation_split, 0)
        else:
            labels = None if raw.labels is None else raw.labels[rows]
            groups = (
                None if raw.groups is None else np.unique(raw.groups[rows], return_inverse=True)[1].astype(np.int32)
            )
            rng = self.generator(seed, "split", repeat)
            parts = draw_parts(len(rows), self.validation_split, 0, rng, labels, groups)
        return rows[parts.train], rows[parts.validation]

    def load(self, seed: int, folder: Path, learned: Preprocessing | None = None) -> Dataset:
        """All rows, read and split once. ``learned`` is as in `RawData.split`. Raises `DataError`."""
        raw = self.read(seed, folder)
        return raw.split(self.draw(raw, seed), learned=learned, last=True)

    def image_form(self, row_spec: RowSpec) -> ImageForm | None:
        """How an image file becomes a row like those of this dataset; None where rows are not images."""
        return "digit" if len(row_spec.input_shape) == 2 else None

    def read_image(self, path: str, row_spec: RowSpec) -> npt.NDArray[np.uint8] | None:
        """The pixels of an image file as a row of this dataset would have them; None where rows are not images.

        Raises `DataError`.
        """
        form = self.image_form(row_spec)
        if form is None:
            return None
        from mltrain.data.image_files import read_digit, read_picture

        height, width, *colours = row_spec.input_shape
        if form == "digit":
            return read_digit(path, height, width)
        return read_picture(path, height, width, colour=bool(colours), fit=form).pixels

    def generator(self, seed: int, purpose: Literal["data", "split", "folds"], repeat: int = 0) -> np.random.Generator:
        """Random numbers of the rows: those of ``split_seed``, or else of the config's ``seed``; plus ``repeat``."""
        return generator((seed if self.split_seed is None else self.split_seed) + repeat, purpose)

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

    @property
    def why_no_random_folds(self) -> str | None:
        """Why the rows of the training cannot be dealt to folds by chance, in a clause; None if they can."""
        return "rows are in the order of time" if self.split == "chronological" else None

    def layout(self, columns: Sequence[str]) -> "Like | None":
        """What is said of the layout of its file, if anything; ``columns`` are those to learn from, in order."""
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


class LazyDataset:
    """A described dataset in a folder: what a row looks like and all rows, each found out once, when first asked for.

    It is what the checks of a config and the training after them share, so that a file is read once. ``keeps_raw``:
    what was read is kept beside the dataset, which takes more memory, so that `raw` can be split again.
    """

    def __init__(self, spec: DatasetSpec, seed: int, folder: Path, *, keeps_raw: bool = False):
        self.spec, self.seed, self.folder, self._keeps_raw = spec, seed, folder, keeps_raw

    @classmethod
    def of(cls, dataset: Dataset, spec: DatasetSpec, seed: int, folder: Path) -> "LazyDataset":
        """A dataset that was split before, such as a fold."""
        lazy = cls(spec, seed, folder)
        lazy.dataset = dataset
        return lazy

    @cached_property
    def row_spec(self) -> RowSpec:
        """What one row looks like. Raises `DataError`."""
        return self.spec.known_row_spec(self.folder) or self.dataset.row_spec

    @cached_property
    def dataset(self) -> Dataset:
        """All rows. Raises `DataError`."""
        if self._keeps_raw:
            return self.raw.split(self.spec.draw(self.raw, self.seed))
        return self.spec.load(self.seed, self.folder)

    @cached_property
    def raw(self) -> RawData:
        """All rows as they were read, for those who split them several times (``keeps_raw``). Raises `DataError`."""
        return self.spec.read(self.seed, self.folder)
