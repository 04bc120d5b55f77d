"""An ensemble: networks of one config that learned from other rows or with other seeds, and the mean of their outputs.

    a row of a table ──SideBySide──> the inputs of each preprocessing, side by side
    ──member, member, ...──> their outputs, in the units of the dataset ──mean──> prediction

A member is a model of its own. Members that learned from the same rows share one preprocessing, and so do those of data
that is not preprocessed by what it holds; then a row of the ensemble is a row of each member.
"""

import dataclasses
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple, cast

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from mltrain.backends.base import Evaluation
from mltrain.config import Config
from mltrain.data.base import Dataset, RowSpec, Split
from mltrain.data.preprocessing import Preprocessing, Scaling
from mltrain.data.tables.side_by_side import SideBySide
from mltrain.engine.arrays import Floats
from mltrain.engine.network import Network
from mltrain.errors import DataError, ModelFileError
from mltrain.inference.model import (
    Model,
    Refitted,
    incomplete,
    parameter_shapes,
    read_config_and_origin,
    read_refit,
    read_rows,
    read_temperature,
)
from mltrain.inference.model_file import ENSEMBLE, ModelFile, write_model_file
from mltrain.inference.origin import Origin
from mltrain.inference.scores import Predictions, score


class Role(msgspec.Struct, frozen=True, kw_only=True):
    """What tells a member from the others: its seed and, in a cross-validation, which fold of which repeat it is.

    Folds and repeats are counted from 1.
    """

    seed: Annotated[int, msgspec.Meta(ge=0)]
    repeat: Annotated[int, msgspec.Meta(ge=1)] | None = None
    fold: Annotated[int, msgspec.Meta(ge=1)] | None = None

    @property
    def document(self) -> dict[str, int | None]:
        """The same as plain values for JSON."""
        return cast(dict[str, int | None], msgspec.to_builtins(self))


class Reads(NamedTuple):
    """What members read of a row: ``columns`` of it, all of the rows' columns where there is one preprocessing."""

    row_spec: RowSpec
    preprocessing: Preprocessing
    columns: slice


@dataclass(frozen=True, repr=False)
class Ensemble(Model):
    """Several models whose predictions are averaged: probabilities, or numbers in the units of the dataset.

    ``members`` have the ensemble's config but for their seed; ``roles`` say what each is. ``network`` is that of the
    first member, for shapes and names.
    """

    members: tuple[Model, ...] = ()
    roles: tuple[Role, ...] = ()

    @classmethod
    def of(
        cls,
        config: Config,
        members: Sequence[Model],
        roles: Sequence[Role],
        origin: Origin | None,
        temperature: float = 1.0,
    ) -> "Ensemble":
        """The ensemble of models of one config. Raises `DataError` if their rows cannot be read together."""
        first, reads = members[0], _reads(members)
        row_spec, preprocessing = first.row_spec, first.preprocessing
        if len(reads) > 1:
            row_spec, preprocessing = _joined(reads)
        return cls(
            config,
            first.network,
            row_spec,
            preprocessing,
            origin=origin,
            temperature=temperature,
            refit=_of_all([member.refit for member in members]),
            members=tuple(members),
            roles=tuple(roles),
        )

    @property
    def parameter_count(self) -> int:
        return sum(member.parameter_count for member in self.members)

    @property
    def penalty(self) -> float:
        return sum(member.penalty for member in self.members) / len(self.members)

    @property
    def is_of_folds(self) -> bool:
        """Whether the members are those of a cross-validation, so that each row was trained on by some of them."""
        return self.roles[0].fold is not None

    @property
    def is_cross_validated(self) -> bool:
        return self.is_of_folds

    @property
    def independent(self) -> int:
        """How many members differ in their rows or seeds, not counting the repetitions of a cross-validation."""
        return sum(role.repeat in (None, 1) for role in self.roles)

    def outputs(self, rows: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        total = np.zeros((len(rows), *self.network.output_shape))
        for member, x in self._rows_of_members(rows):
            total += member.outputs(x)
        return (total / len(self.members)).astype(np.float32)

    def evaluate_members(self, rows: Split) -> list[Evaluation]:
        """The loss, metrics and confusion matrix of each member alone, on rows as the ensemble takes them.

        Losses are on the ensemble's scale of the targets.
        """
        if all(member.preprocessing.targets == self.preprocessing.targets for member in self.members):
            return [member.evaluate(Split(x, rows.y)) for member, x in self._rows_of_members(rows.x)]
        metrics = self.config.metrics
        return [
            score(Predictions(self, rows, member.outputs(x)), metrics) for member, x in self._rows_of_members(rows.x)
        ]

    def measured_parts(self, dataset: Dataset) -> Dataset:
        """The ensemble's own dataset with the parts that it can be measured on.

        In a cross-validation, the rows that one training would hold back for validation are in the folds, too.
        """
        are_in_folds = self.is_of_folds and self.config.dataset.validation_split
        return dataset.trained_on_validation if are_in_folds or self.refit else dataset

    def with_parameters(self, parameters: Floats) -> Model:
        raise DataError("an ensemble has several networks, so it has no states of one training")

    def save(self, path: Any) -> None:
        arrays = {
            f"{_prefix(number)}{name}": array
            for number, member in enumerate(self.members)
            for name, array in member.network.arrays.items()
        }
        write_model_file(path, self._meta(), arrays)

    def __repr__(self) -> str:
        kind = "folds" if self.is_of_folds else "seeds"
        return f"<Ensemble of {len(self.members)} {kind}: {self.parameter_count:,} parameters, {self.members[0]!r}>"

    def _evaluation(self, rows: Split) -> Evaluation:
        return score(Predictions(self, rows), self.config.metrics)

    def networks(self) -> list[tuple[Model, slice | None]]:
        reads = _reads(self.members)
        if len(reads) == 1:
            return [(member, None) for member in self.members]
        return [(member, next(one.columns for one in reads if _same(one, member))) for member in self.members]

    def _rows_of_members(self, rows: npt.NDArray[Any]) -> Iterator[tuple[Model, npt.NDArray[Any]]]:
        """Each member with what it reads of the rows."""
        for member, columns in self.networks():
            yield member, rows if columns is None else np.ascontiguousarray(rows[:, columns])

    def _meta(self) -> dict[str, Any]:
        shared, reads = super()._meta(), _reads(self.members)
        named = ("input_shape", "refit", *Preprocessing.__struct_fields__)
        return {
            "format": ENSEMBLE,
            **{name: value for name, value in shared.items() if name not in named},
            "rows": [_meta_of(one, alone=len(reads) == 1) for one in reads],
            "members": [
                {
                    **role.document,
                    "rows": next(n for n, one in enumerate(reads) if _same(one, member)),
                    **({"refit": msgspec.to_builtins(member.refit)} if member.refit else {}),
                }
                for role, member in zip(self.roles, self.members, strict=True)
            ],
        }


class HeldOutEnsemble(Ensemble):
    """The networks of a cross-validation, each for the rows that it held out: its number is behind what a row has.

    Rows that keep this number may be changed, drawn and reordered.
    """

    @classmethod
    def of_ensemble(cls, ensemble: Ensemble) -> "HeldOutEnsemble":
        return cls(**{field.name: getattr(ensemble, field.name) for field in dataclasses.fields(ensemble)})

    def rows(self, x: Floats, members: npt.NDArray[np.intp]) -> Floats:
        """Rows of the ensemble, flat, with the index of the member that predicts each, ``(rows,)``."""
        return np.concatenate([x.reshape(len(x), -1), members[:, None]], axis=1, dtype=np.float32)

    def outputs(self, rows: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        y = np.empty((len(rows), *self.network.output_shape), np.float32)
        for number, (member, columns) in enumerate(self.networks()):
            own = np.flatnonzero(rows[:, -1] == number)
            x = np.ascontiguousarray(rows[own, :-1] if columns is None else rows[own, columns])
            y[own] = member.outputs(x.reshape(-1, *member.row_spec.input_shape))
        return y


def _meta_of(one: Reads, *, alone: bool) -> dict[str, Any]:
    """What ``meta`` says of rows as some members read them. Named inputs that all members share are not repeated."""
    named = one.row_spec.named_inputs
    return {
        "input_shape": one.row_spec.input_shape,
        **msgspec.to_builtins(one.preprocessing),
        **({"named_inputs": named} if named and not alone else {}),
    }


def _reads(members: Sequence[Model]) -> list[Reads]:
    """The different preprocessings of some models, in the order of the first that has each."""
    found: list[Reads] = []
    for member in members:
        if not any(_same(one, member) for one in found):
            start = found[-1].columns.stop if found else 0
            columns = slice(start, start + math.prod(member.row_spec.input_shape))
            found.append(Reads(member.row_spec, member.preprocessing, columns))
    return found


def _same(one: Reads, member: Model) -> bool:
    return one.row_spec == member.row_spec and one.preprocessing == member.preprocessing


def _joined(reads: Sequence[Reads]) -> tuple[RowSpec, Preprocessing]:
    """Rows that hold the inputs of several preprocessings, side by side. Raises `DataError`."""
    tables = [one.preprocessing.table for one in reads if one.preprocessing.table is not None]
    columns = [([column.name for column in table.columns], table.targets) for table in tables]
    if len(tables) < len(reads) or any(one != columns[0] for one in columns):
        raise DataError("the members of an ensemble read the same columns, or rows that are not preprocessed")
    inputs = [one.preprocessing.inputs for one in reads]
    widths = [one.row_spec.input_shape[0] for one in reads]
    shift, scale = (
        tuple(number for one, width in zip(inputs, widths, strict=True) for number in _wide(getattr(one, name), width))
        for name in ("shift", "scale")
    )
    preprocessing = Preprocessing(
        inputs=Scaling(shift=shift, scale=scale),
        targets=_pooled([one.preprocessing.targets for one in reads], reads[0].row_spec.outputs),
        table=SideBySide.of(tables),
    )
    first = reads[0].row_spec
    return RowSpec((sum(widths),), first.outputs, first.classes), preprocessing


def _pooled(scalings: Sequence[Scaling], outputs: int) -> Scaling:
    """The scaling of targets by which an ensemble's loss is measured: it depends on no single member.

    Its mean is that of the members' means, and its variance that of all their rows, which count once for each member
    that learned from them: in a cross-validation by chance, the mean and the variance of all rows of the folds.
    """
    if all(one == scalings[0] for one in scalings):
        return scalings[0]
    means = np.array([_wide(one.shift, outputs) for one in scalings])
    deviations = 1 / np.array([_wide(one.scale, outputs) for one in scalings])
    deviation = np.sqrt((deviations**2).mean(axis=0) + means.var(axis=0))
    return Scaling(shift=tuple(means.mean(axis=0).tolist()), scale=tuple((1 / deviation).tolist()))


def _wide(value: float | tuple[float, ...], width: int) -> tuple[float, ...]:
    return value if isinstance(value, tuple) else (value,) * width


def _of_all(refits: Sequence[Refitted | None]) -> Refitted | None:
    """The second trainings of members: the longest, and the means of what was reached on rows held out."""
    found = [one for one in refits if one is not None]
    if not found:
        return None
    held_out = {
        name: sum(one.held_out[name] / len(found) for one in found)  # the sum of large numbers would overflow
        for name in found[0].held_out
        if all(name in one.held_out for one in found)
    }
    return Refitted(max(one.epochs for one in found), held_out)


def _prefix(number: int) -> str:
    """What the names of a member's arrays begin with in a file."""
    return f"member_{number + 1}."


class _Member(Role, frozen=True, kw_only=True):
    """A member in ``meta``: what it is, which of the preprocessings it has, and its second training (`read_refit`)."""

    rows: Annotated[int, msgspec.Meta(ge=0)]
    refit: Any = None


def read_ensemble(file: ModelFile) -> Ensemble:
    """The ensemble in an open file of format 2. Raises `ModelFileError`."""
    config, origin = read_config_and_origin(file)
    try:
        rows = msgspec.convert(file.meta["rows"], Annotated[list[dict[str, Any]], msgspec.Meta(min_length=1)])
        members = msgspec.convert(file.meta["members"], Annotated[list[_Member], msgspec.Meta(min_length=1)])
        if any(member.rows >= len(rows) for member in members):
            raise ValueError
    except (KeyError, ValueError, msgspec.ValidationError):
        raise incomplete(file) from None
    read = [read_rows(file, {**file.meta, **one}) for one in rows]
    shapes = [parameter_shapes(file, config, row_spec) for row_spec, _ in read]
    file.check(
        {
            f"{_prefix(number)}{name}": shape
            for number, member in enumerate(members)
            for name, shape in shapes[member.rows].items()
        }
    )
    models, roles, temperature = [], [], read_temperature(file)
    for number, member in enumerate(members):
        row_spec, preprocessing = read[member.rows]
        network = Network(config.layers, row_spec.inputs)
        for name, array in network.arrays.items():
            file.read_into(f"{_prefix(number)}{name}", array)
        models.append(
            Model(
                replace(config, seed=member.seed),
                network,
                row_spec,
                preprocessing,
                temperature=temperature,
                refit=read_refit(file, config, member.refit),
            )
        )
        roles.append(Role(seed=member.seed, repeat=member.repeat, fold=member.fold))
    try:
        return Ensemble.of(config, models, roles, origin, temperature)
    except DataError as error:
        raise ModelFileError(f"{file.path}: {error}") from None
