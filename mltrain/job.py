"""Prepares a training: loads the data, infers shapes, encodes targets and runs the checks.

`prepare` turns a config into a `TrainingJob`; a job can be trained or only checked (``mltrain check``).
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import asdict, replace

from mltrain.backends.base import SINGLE, Parallelism, Progress, Rows, TrainingTask
from mltrain.backends.default import default_backend
from mltrain.backends.profiler import Profile
from mltrain.checks.errors import checked_nodes, find_data_problems, refuse_overflow
from mltrain.checks.memory_estimate import Memory, memory_for, refuse_too_large
from mltrain.checks.options import number_problems, option_warnings
from mltrain.checks.warnings import find_warnings, try_steps
from mltrain.config import Config
from mltrain.data.base import Dataset, LazyDataset, RowSpec, Split
from mltrain.engine.arrays import Floats
from mltrain.engine.graph import Node
from mltrain.engine.network import Network
from mltrain.errors import ConfigError, DataError, DataProblem, Problem, UsageError
from mltrain.inference.model import Model, Refitted
from mltrain.inference.origin import Origin
from mltrain.random_streams import generator
from mltrain.training.checkpointing import TrainingRun
from mltrain.training.class_weights import class_weights
from mltrain.training.epoch_report import EpochReport
from mltrain.training.loop import train
from mltrain.training.monitor import Monitor, monitor_of, monitor_problems, schedule_problems
from mltrain.training.targets import class_names, encode, labels
from mltrain.training.tracking import tracked_values

if TYPE_CHECKING:
    from mltrain.data.folds import Labels
    from mltrain.training.cross_validation import CrossValidation
    from mltrain.training.range_test import RangeTest
    from mltrain.training.refit import Refit, RefitProgress
    from mltrain.training.transfer import LayerTransfer


@dataclass(repr=False)
class TrainingJob:
    """A config with its data and network, ready for one training. `fresh` gives the same job with untrained weights."""

    config: Config
    dataset: Dataset
    network: Network
    _is_used: bool = field(default=False, init=False, repr=False)
    _starts_knowing: bool = field(default=False, init=False, repr=False)

    @cached_property
    def rows(self) -> Rows:
        """The training rows, with targets in the loss's form."""
        return self.encoded(self.dataset.train)

    @cached_property
    def class_weights(self) -> Floats | None:
        """The weight of each class in the loss; None without the option. Raises `ConfigError`."""
        config = self.config
        classes = class_names(config.loss, self.dataset.row_spec, self.network.output_shape[-1])
        return class_weights(config.training, classes, self.rows.target)

    @cached_property
    def monitor(self) -> Monitor | None:
        """Finds the best epoch and stops early; None if there are neither validation rows nor early stopping."""
        config = self.config
        return monitor_of(config.training, self.network.parameters, validation=self.is_validated)

    @property
    def is_validated(self) -> bool:
        """Whether epochs report numbers on rows that the network did not train on."""
        return self.dataset.validation is not None or _folds(self.config) is not None

    @cached_property
    def folds(self) -> "CrossValidation | None":
        """The folds that validate in place of validation rows; None without the option."""
        count = _folds(self.config)
        if count is None:
            return None
        from mltrain.data.folds import dealt_folds  # few trainings have folds
        from mltrain.training.cross_validation import CrossValidation

        rng = self.config.dataset.generator(self.config.seed, "folds")
        return CrossValidation(self.network, dealt_folds(len(self.rows.target), count, rng, self.labels))

    @property
    def labels(self) -> "Labels | None":
        """The class of each training row; see `mltrain.training.targets.labels`."""
        outputs = self.network.output_shape[-1]
        return labels(self.config.loss, self.dataset.row_spec, outputs, self.dataset.train.y, self.rows.target)

    @cached_property
    def refit(self) -> "Refit | None":
        """Trains the network again on the rows that validated it, too; None without such an option."""
        stopping = self.config.training.early_stopping
        if stopping is None or not stopping.trains_again:
            return None
        from mltrain.training.refit import Refit  # few networks are trained twice

        return Refit(self.network.parameters)

    @property
    def steps(self) -> list[int]:
        """The steps of an epoch of each network: one, or as many as there are folds."""
        training, rows = self.config.training, len(self.dataset.train.x)
        counts = [rows - len(fold) for fold in self.folds.folds] if self.folds else [rows]
        return [-(-count // training.rows_per_batch(count)) for count in counts]

    @property
    def blank_report(self) -> EpochReport:
        """A report with the fields of the job's epoch reports, and all numbers 0."""
        training, metrics = self.config.training, dict.fromkeys((one.type_name() for one in self.config.metrics), 0.0)
        validation = self.is_validated
        return EpochReport(
            epoch=0,
            epochs=training.epochs,
            steps=sum(self.steps),
            seconds=0.0,
            loss=0.0,
            metrics=metrics,
            val_loss=0.0 if validation else None,
            val_metrics=metrics if validation else {},
            tracked=dict.fromkeys(tracked_values(self.network, training.track), 0.0),
            learning_rate=None if isinstance(self.config.optimizer.learning_rate, int | float) else 0.0,
        )

    def fresh(self, seed: int | None = None) -> "TrainingJob":
        """The job as it was before training, on the same rows: with its first weights, or with those of another seed.

        What `start_from` took over is not among them. Rows are neither read nor split again: the config of another
        seed keeps them by its ``split_seed``. Where a seed is to decide on the rows, too, `prepare` makes the job.
        """
        config = self.config
        if seed is not None:
            dataset = config.dataset
            rows_by = config.seed if dataset.split_seed is None else dataset.split_seed
            config = replace(config, seed=seed, dataset=replace(dataset, split_seed=rows_by))
        job = TrainingJob(config, self.dataset, _fresh_network(config, self.dataset.row_spec, self.network.nodes))
        for name in ("rows", "class_weights", "origin"):  # cached properties of the rows do not depend on the seed
            if name in self.__dict__:
                job.__dict__[name] = self.__dict__[name]
        return job

    def warnings(self, started: Sequence["LayerTransfer"] = ()) -> list[str]:
        """Warnings about a config that would train badly. ``started`` has the results of `start_from`."""
        config, held_back = self.config, self.dataset.validation
        about_options = option_warnings(
            self.network,
            config.optimizer,
            config.training,
            rows=len(self.dataset.train.x),
            validation_rows=held_back and len(held_back.x),
        )
        if self._starts_knowing:
            about_options.append(
                "the model to start from has learned from the rows that validate, so the numbers of these rows will be "
                "better than those of new rows"
            )
        return about_options + find_warnings(
            self.network,
            self.dataset,
            self.rows.target,
            loss=config.loss,
            training=config.training,
            taken={start.layer for start in started if start.taken},
        )

    def warnings_of_trial(self) -> list[str]:
        """Warnings from some trial steps; the network is restored. `fit` has no trial: see `growing_loss`."""
        config = self.config
        return try_steps(
            default_backend(),
            self.network,
            self.dataset,
            self.rows.target,
            loss=config.loss,
            optimizer=config.optimizer,
            training=config.training,
        )

    def train(
        self,
        stop: Callable[[], bool] = lambda: False,
        progress: Progress = lambda *_: None,
        profile: Profile | None = None,
        training_run: TrainingRun | None = None,
        refit_progress: "RefitProgress" = lambda *_: None,
        *,
        refits: bool = True,
    ) -> Iterator[EpochReport]:
        """Train the job's network; see `mltrain.training.loop.train`.

        Without ``refits`` it ends where a second training would begin: its reports are the same.

        Raises `UsageError` on the second call.
        """
        self._take_network()
        config, held_back = self.config, self.dataset.validation
        return train(
            self.network,
            self.rows,
            backend=default_backend(),
            loss=config.loss,
            optimizer=config.optimizer,
            training=config.training,
            metrics=config.metrics,
            validation=held_back and self.encoded(held_back),
            preprocessing=self.dataset.preprocessing,
            class_weights=self.class_weights,
            seed=config.seed,
            stop=stop,
            progress=progress,
            profile=profile,
            monitor=self.monitor,
            run=training_run,
            folds=self.folds,
            refit=self.refit if refits else None,
            refit_progress=refit_progress,
        )

    def range_test(self, stop: Callable[[], bool] = lambda: False, progress: Progress = lambda *_: None) -> "RangeTest":
        """Train the network with growing learning rates; see `mltrain.training.range_test`.

        The job cannot be trained afterwards; ``job.fresh()`` can. Raises `TrainingDiverged` if the first loss is not a
        finite number.
        """
        from mltrain.training.range_test import range_test

        self._take_network()
        config, training = self.config, self.config.training
        task = TrainingTask(
            self.network,
            self.rows,
            config.loss,
            config.optimizer,
            batch_size=training.rows_per_batch(len(self.rows.target)),
            gradient_accumulation=training.gradient_accumulation,
            shuffle=training.shuffle,
            preprocessing=self.dataset.preprocessing,
            class_weights=self.class_weights,
            seed=config.seed,
        )
        return range_test(default_backend(), task, stop, progress)

    def _take_network(self) -> None:
        """Raises `UsageError` the second time: the weights are trained then, and the monitor has seen all epochs."""
        if self._is_used:
            raise UsageError("this job was trained already; job.fresh() is the same job with fresh weights")
        self._is_used = True

    @property
    def parallelism(self) -> Parallelism:
        """How its training is divided among processes on this machine."""
        return parallelism_of(self.config, self.network.nodes)

    def __repr__(self) -> str:
        return f"<TrainingJob: {self.config!r}>"

    def model(self, history: list[EpochReport]) -> Model:
        """The network in its current state, as a model."""
        dataset, refit, origin = self.dataset, None, self.origin
        if self.refit and (epochs := self.refit.epochs):
            reached = next((report.validation for report in history if report.epoch == epochs), {})
            refit = Refitted(epochs, {name: value for name, value in reached.items() if math.isfinite(value)})
            origin = origin.trained_on_validation
        return Model(self.config, self.network, dataset.row_spec, dataset.preprocessing, history, origin, refit=refit)

    @cached_property
    def origin(self) -> Origin:
        """The description of this training in a model file."""
        return Origin.of(self.dataset)

    def start_from(self, model: Model) -> "list[LayerTransfer]":
        """Copy the weights of ``model``'s layers with the same name and shape; reports the result for each layer.

        Weights are reordered by the names of columns and classes, and differences of scaling are folded into them.

        Raises `DataError` if no layer fits, and for an ensemble.
        """
        from mltrain.inference.ensemble import Ensemble
        from mltrain.training.transfer import Ends, load_matching_weights  # few trainings start from a model

        if isinstance(model, Ensemble):
            raise DataError("an ensemble has several networks; start from a model of one")
        outputs = self.network.output_shape[-1]
        here = Ends.of(self.config.loss, self.dataset.row_spec, self.dataset.preprocessing, outputs)
        there = Ends.of(model.config.loss, model.row_spec, model.preprocessing, model.network.output_shape[-1])
        starts = load_matching_weights(self.network, model.network, here, there)
        if not any(start.taken for start in starts):
            reasons = "; ".join(f"{start.layer}: {start.why}" for start in starts)
            raise DataError(f"no layer of the model fits this network ({reasons})")
        knows_all = self.folds is not None or (self.is_validated and model.refit is not None)
        self._starts_knowing = knows_all and model.origin is not None and model.origin.data == self.origin.data
        return starts

    def encoded(self, split: Split) -> Rows:
        """Rows with targets in the loss's form."""
        outputs = self.network.output_shape[-1]
        target = encode(self.config.loss, self.dataset.row_spec, outputs, split, self.dataset.preprocessing)
        return Rows(split.x, target)


_IS_A_SEARCH = "the config of a search is not one training; try its configs with mltrain sweep, or leave out search"


def prepare(
    config: Config, folder: Path, data: LazyDataset | None = None, nodes: tuple[Node, ...] | None = None
) -> TrainingJob:
    """Load the data and build the network. ``folder`` is where the config stands.

    ``data`` is its dataset where something was read of it before, so that it is not read again; ``nodes`` are its
    layers where they were checked before.

    Raises `ConfigError` with everything that does not fit together, `NotEnoughMemory` and `DataError`.
    """
    if config.search is not None:
        raise ConfigError([Problem(("search",), _IS_A_SEARCH)])
    data = data or LazyDataset(config.dataset, config.seed, folder)
    row_spec = data.row_spec
    if nodes is None:
        if problems := number_problems(asdict(config)):
            raise ConfigError(problems)
        nodes = checked_nodes(config.layers, config.loss, config.metrics, config.training, row_spec)
    refuse_too_large(memory_of(config, nodes, parallelism_of(config, nodes)), nodes)
    network = _fresh_network(config, row_spec, nodes)
    dataset = data.dataset
    refuse_overflow(dataset)
    job = TrainingJob(config, dataset, network)
    validation = job.is_validated
    problems = [
        *(DataProblem(("dataset", *path), message) for path, message in dataset.problems),
        *find_data_problems(nodes, config.loss, dataset),
        *schedule_problems(config.optimizer, config.metrics, validation=validation),
        *monitor_problems(config.training, config.metrics, validation=validation),
    ]
    if job.refit:
        from mltrain.training.refit import refit_problems

        problems += refit_problems(
            config.training,
            config.optimizer,
            rows=len(dataset.train.x),
            validation=dataset.validation is not None,
            why_no_random_folds=config.dataset.why_no_random_folds,
        )
    if problems:
        raise ConfigError(problems)
    _ = job.class_weights  # computed now, so that its errors come before training
    job.model([]).check_storable()
    return job


def _folds(config: Config) -> int | None:
    """How many folds validate, if any do."""
    return config.training.early_stopping.folds if config.training.early_stopping else None


def _fresh_network(config: Config, row_spec: RowSpec, nodes: tuple[Node, ...]) -> Network:
    network = Network(config.layers, row_spec.inputs, nodes=nodes)
    network.initialize(generator(config.seed, "weights"))
    return network


def parallelism_of(config: Config, nodes: Sequence[Node]) -> Parallelism:
    """How the training of these layers is divided among processes on this machine."""
    if _folds(config) is not None:
        from mltrain.training.fold_trainers import FoldTrainers

        return FoldTrainers.parallelism
    batch_size = config.training.rows_per_batch(config.dataset.count())
    return default_backend().parallelism(nodes, batch_size, config.training.gradient_accumulation)


def memory_of(config: Config, nodes: Sequence[Node], parallelism: Parallelism = SINGLE) -> Memory:
    """The memory that training these layers takes."""
    fused, rows = config.loss.fused_activation is not None, config.dataset.count()
    return memory_for(nodes, config.optimizer, config.training, rows, parallelism, fused=fused)


def split_to_evaluate(dataset: Dataset) -> tuple[str, Split]:
    """The rows to evaluate a model on: the test rows, without these the validation rows, else the training rows."""
    return next((name, dataset.by_name[name]) for name in ("test", "validation", "train") if name in dataset.by_name)
