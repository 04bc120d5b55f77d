"""The training loop: a generator that yields one `EpochReport` an epoch."""

import contextlib
import math
import time
from collections.abc import Callable, Generator, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from mltrain.backends.numpy.evaluation import Evaluator
from mltrain.backends.numpy.metric_accumulator import MetricAccumulator
from mltrain.backends.numpy.parallel.columns import Sharing, processes_for
from mltrain.backends.numpy.step_groups import StepGroups
from mltrain.backends.numpy.train_step import Learner, Step, Task
from mltrain.backends.numpy.window import Window
from mltrain.backends.profiler import Profile, untimed
from mltrain.data.preprocessing import AS_IS, Preprocessing
from mltrain.engine.arrays import Floats, size
from mltrain.engine.losses.base import Loss
from mltrain.engine.metrics.base import Metric
from mltrain.engine.network import Network
from mltrain.engine.optimizers.base import Optimizer
from mltrain.errors import TrainingDiverged, TrainingInterrupted, WorkerLost
from mltrain.random_streams import generator
from mltrain.training.checkpointing import HasState, RandomState, State, TrainingRun, Weights
from mltrain.training.divergence import advise, divergence
from mltrain.training.epoch_report import EpochReport
from mltrain.training.monitor import Monitor
from mltrain.training.options import Training
from mltrain.training.targets import target_scaling
from mltrain.training.tracking import tracked_values

Progress = Callable[[int, int, float], None]
"""Called between steps with the steps done, the steps of the epoch, and the mean loss so far."""


class Rows(NamedTuple):
    """Rows with their targets in the form that the loss takes."""

    x: npt.NDArray[Any]
    target: npt.NDArray[Any]


def train(
    network: Network,
    rows: Rows,
    *,
    loss: Loss,
    optimizer: Optimizer,
    training: Training,
    metrics: Sequence[Metric] = (),
    validation: Rows | None = None,
    preprocessing: Preprocessing = AS_IS,
    weights: Floats | None = None,
    seed: int = 0,
    stop: Callable[[], bool] = lambda: False,
    progress: Progress = lambda *_: None,
    profile: Profile | None = None,
    monitor: Monitor | None = None,
    course: TrainingRun | None = None,
) -> Generator[EpochReport, None, None]:
    """Train ``network`` in place on ``rows``, prepared as ``preprocessing`` says; yields a report after each epoch.

    ``weights``, ``(classes,)``, say how much a row of each class counts in the loss; in validation all count the same.
    Where parameters are tracked, the first report is of epoch 0: the state before training. ``stop`` is asked between
    steps; when it says yes, `TrainingInterrupted` is raised and the network keeps what it has learned. Raises
    `TrainingDiverged` at the first loss that is not a finite number. ``profile``, if given, learns what took how long.

    ``monitor`` may end the training early and give the network its best weights at the end. ``course`` says from which
    state to go on, and gets the reports and the states on the way.
    """
    course = course or TrainingRun(keeps=False)
    trainer = _Trainer(
        network, rows, loss, optimizer, metrics, training, preprocessing, weights, seed, profile, course.processes
    )
    trainer.parts |= {"monitor": monitor} if monitor else {}
    with contextlib.closing(trainer):
        course.begin(trainer)
        trainer.begin()
        course.begun()
        tracked = tracked_values(network, training.track)
        validate = validation and Evaluator(
            network, validation.x, validation.target, preprocessing=preprocessing, loss=loss, metrics=metrics
        )

        def report(epoch: int, steps: int, seconds: float, epoch_loss: float, results: dict[str, float]) -> EpochReport:
            measured = validate() if validate else None
            return EpochReport(
                epoch,
                training.epochs,
                steps,
                seconds,
                epoch_loss,
                results,
                measured.loss if measured else None,
                measured.metrics if measured else {},
                {label: float(cell[()]) for label, cell in tracked.items()},
                trainer.scheduled_rate(),
            )

        if tracked:
            # What is recorded belongs together: the loss and the parameters after an epoch, and before the first.
            measure = Evaluator(network, rows.x, rows.target, preprocessing=preprocessing, loss=loss, metrics=metrics)
        if tracked and not course.history:
            state = measure()
            course.add(before := report(0, 0, 0.0, state.loss, state.metrics))
            yield before
        for epoch in range(course.epoch + 1, training.epochs + 1):
            if monitor and monitor.exhausted:
                break
            began = time.perf_counter()
            epoch_loss, results = trainer.run_epoch(epoch, stop, progress)
            seconds = time.perf_counter() - began
            if tracked:
                state = measure()
                epoch_loss, results = state.loss, state.metrics
            made = report(epoch, trainer.steps, seconds, epoch_loss, results)
            trainer.epoch_ended(made)
            if monitor:
                monitor.see(epoch, made.values, network.parameters)
            course.add(made, last=epoch == training.epochs or (monitor is not None and monitor.exhausted))
            yield made
        if monitor:
            monitor.finish(network.parameters)


class _Trainer:
    """Everything that lasts through training: buffers, the bound steps, the optimizer's state, the random streams."""

    def __init__(
        self,
        network: Network,
        rows: Rows,
        loss: Loss,
        optimizer: Optimizer,
        metrics: Sequence[Metric],
        training: Training,
        preprocessing: Preprocessing,
        weights: Floats | None,
        seed: int,
        profile: Profile | None,
        processes: int | None,
    ):
        self._loss, self._metrics, self._optimizer = loss, metrics, optimizer
        self._scaled_back = target_scaling(loss, preprocessing).undone
        self._count = len(rows.x)
        batch_size = training.rows_per_batch(self._count)
        whole, short = divmod(self._count, batch_size)
        self._window = Window(
            rows.x,
            rows.target,
            size(network.output_shape),
            preprocessing.inputs,
            batch_size=batch_size,
            whole=whole,
            short=short or None,
        )
        self.steps = self._window.steps
        # A full batch holds the same rows in whatever order.
        self._shuffle = generator(seed, "shuffle") if training.shuffle and self.steps > 1 else None
        self._last_finite_loss: float | None = None

        possible = processes_for(network.nodes) if training.epochs else 1
        self._processes = processes or possible
        self._alone = self._processes > possible
        timed = profile.timed if profile else untimed
        task = Task(self._window.batches, batch_size, loss, weights, optimizer, seed, timed)
        self._sharing = Sharing(network, task, self._processes) if self._processes > 1 else None
        self._learner = self._sharing or Learner(network, task)
        self._update: Callable[[], None] = timed("optimizer", "", self._learner.update)
        self._penalize = timed("optimizer", "", self._learner.penalize) if network.regularized else None
        groups, accumulate = training.gradient_accumulation, timed("optimizer", "", self._learner.accumulate)
        self._groups = StepGroups(groups, accumulate) if groups > 1 else None
        self._add_to = timed("metrics", "", MetricAccumulator.add)
        self._fill = partial(profile.timed_items, "gather") if profile else iter
        self.parts: dict[str, HasState] = {"weights": Weights(network.parameters), "optimizer": self._learner}
        self.parts |= {"dropout": self._learner.dropout}
        self.parts |= {"shuffle": RandomState(self._shuffle)} if self._shuffle else {}

    def state(self) -> State:
        """What all parts carry from step to step and from epoch to epoch, by their names; see `HasState`."""
        own = {"processes": self._processes, "last_finite_loss": self._last_finite_loss}
        return {"trainer": own, **{name: part.state() for name, part in self.parts.items()}}

    def restore(self, state: State) -> None:
        """Go on from an earlier `state`; before `begin`."""
        last = state["trainer"]["last_finite_loss"]
        self._last_finite_loss = None if last is None else float(last)
        for name, part in self.parts.items():
            part.restore(state[name])

    def begin(self) -> None:
        """Start the helpers, if there are to be any. Raises `WorkerLost`."""
        if self._sharing and not self._alone:
            self._sharing.start(self._help)

    def close(self) -> None:
        """Let the helpers go, if there are any."""
        if self._sharing:
            self._sharing.close()

    def run_epoch(self, epoch: int, stop: Callable[[], bool], progress: Progress) -> tuple[float, dict[str, float]]:
        """Go through all rows once; the mean loss and the metrics, as they were while training."""
        self._learner.begin_epoch()
        try:
            numbers = self._run_epoch(epoch, stop, progress)
        except WorkerLost:
            raise
        except Exception:
            self._learner.end_epoch()
            raise
        # Not after an interrupt that insists: the end of an epoch waits for the workers.
        self._learner.end_epoch()
        return numbers

    def scheduled_rate(self) -> float | None:
        """The learning rate of the last step, unless it is always the same."""
        if isinstance(self._optimizer.learning_rate, int | float):
            return None
        return self._learner.rate(ago=1)

    def epoch_ended(self, report: EpochReport) -> None:
        """Let the learning rate react to what the epoch came to."""
        self._learner.learning_rate.epoch_ended(report.values)

    def _run_epoch(self, epoch: int, stop: Callable[[], bool], progress: Progress) -> tuple[float, dict[str, float]]:
        tally = MetricAccumulator(self._metrics, self._loss.threshold)
        total, seen, step = 0.0, 0, 0
        # Overflow is watched for where it shows, in the loss; exp may well overflow on the way to a correct 0.
        with np.errstate(all="ignore"):
            for rows, batches in self._fill(self._window.fill(self._order())):
                for number in batches:
                    if stop():
                        raise _interrupted(epoch, step, self.steps)
                    step += 1
                    bound = self._learner.steps[number]
                    loss = self._train_on(bound, last=step == self.steps)
                    if not math.isfinite(loss):
                        raise self._diverged(epoch, step, loss)
                    self._last_finite_loss = loss
                    total += loss * bound.rows
                if self._metrics:
                    y, target = (self._scaled_back(array[:rows]) for array in (self._window.y, self._window.target))
                    self._add_to(tally, y, target)
                seen += rows
                progress(step, self.steps, total / seen)
        return total / self._count, tally.results()

    def _help(self) -> None:  # pragma: no cover  (only for helpers, and forks are not measured)
        """Go through all rows once, as the first process does; it alone tells what came of it, and whether to stop."""
        step = 0
        for _, batches in self._window.fill(self._order()):
            for number in batches:
                step += 1
                self._train_on(self._learner.steps[number], last=step == self.steps)

    def _order(self) -> npt.NDArray[np.intp]:
        """The rows in the order of the epoch that begins."""
        return np.arange(self._count) if self._shuffle is None else self._shuffle.permutation(self._count)

    def _train_on(self, bound: Step, *, last: bool) -> float:
        """One step; the batch's mean loss. The parameters stay as they are if that is not a finite number.

        ``last`` says that no batch of the epoch will follow.
        """
        for call in bound.forward:
            call()
        loss = bound.loss()
        if math.isfinite(loss):
            for call in bound.backward:
                call()
            if self._penalize is not None:
                loss += self._penalize()
                if not math.isfinite(loss):
                    return loss
            if self._groups is None or self._groups.take(bound.rows, last=last):
                self._update()
        return loss

    def _diverged(self, epoch: int, step: int, loss: float) -> TrainingDiverged:
        largest = float(np.abs(self._window.x).max())
        advice = advise(self._learner.rate(), largest, self._optimizer.clip_norm)
        return divergence(epoch, step, loss, self._last_finite_loss, advice)


def _interrupted(epoch: int, step: int, steps: int) -> TrainingInterrupted:
    """Between two epochs, what was done is the last epoch, whole."""
    if step == 0 and epoch > 1:
        return TrainingInterrupted(epoch=epoch - 1, step=steps, steps=steps)
    return TrainingInterrupted(epoch=epoch, step=step, steps=steps)
