"""The trainer of the NumPy backend: it runs the steps of its strategy on one window of batches after another."""

import math
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import numpy.typing as npt

from mltrain.backends.base import (
    EpochNumbers,
    HasState,
    NotFinite,
    Parallelism,
    Progress,
    State,
    Stopped,
    TrainingTask,
)
from mltrain.backends.numpy.gradient_accumulation import BatchGroups
from mltrain.backends.numpy.metric_accumulator import MetricAccumulator
from mltrain.backends.numpy.parallel.choice import choose, most_processes, strategy_of
from mltrain.backends.numpy.random_state import RandomState
from mltrain.backends.numpy.train_step import BatchStep
from mltrain.backends.numpy.window import Window
from mltrain.backends.profiler import Profile, untimed
from mltrain.engine.arrays import Floats
from mltrain.errors import WorkerLost
from mltrain.random_streams import generator
from mltrain.training.targets import target_scaling


class NumpyTrainer:
    """Everything that lasts through a training: buffers, the bound steps, the optimizer's state, the random streams."""

    def __init__(self, task: TrainingTask, parallelism: Parallelism | None = None, profile: Profile | None = None):
        network, rows = task.network, task.rows
        self._task = task
        self._scaled_back = target_scaling(task.loss, task.preprocessing).undone
        self._window = Window(
            rows.x, rows.target, network.output_shape, task.preprocessing.inputs, batch_size=task.batch_size
        )
        self.steps = self._window.steps
        # The order does not matter in a full batch.
        self._shuffle = generator(task.seed, "shuffle") if task.shuffle and self.steps > 1 else None
        self.last_loss: float | None = None

        self.parallelism = parallelism or choose(network.nodes, task.batch_size, task.gradient_accumulation)
        timed = profile.timed if profile else untimed
        self._strategy = strategy_of(self.parallelism, task, self._window.batches, timed)
        self._update = timed("optimizer", "", self._strategy.update)
        self._penalize = timed("optimizer", "", self._strategy.penalize) if network.regularized else None
        groups, accumulate = task.gradient_accumulation, timed("optimizer", "", self._strategy.accumulate)
        self._groups = BatchGroups(groups, accumulate) if groups > 1 else None
        self._add_to = timed("metrics", "", MetricAccumulator.add)
        self._fill = partial(profile.timed_items, "gather") if profile else iter
        self._parts: dict[str, HasState] = {"optimizer": self._strategy, "dropout": self._strategy.dropout}
        self._parts |= {"shuffle": RandomState(self._shuffle)} if self._shuffle else {}

    @property
    def parameters(self) -> Mapping[str, Floats]:
        return self._task.network.arrays

    def state(self) -> State:
        """The state of all components, by name."""
        return {
            "trainer": {"processes": self.parallelism.processes, "last_finite_loss": self.last_loss},
            "weights": {"parameters": self._task.network.parameters},
            **{name: part.state() for name, part in self._parts.items()},
        }

    def restore(self, state: State) -> None:
        """Restore an earlier `state`; called before `start`."""
        last = state["trainer"]["last_finite_loss"]
        self.last_loss = None if last is None else float(last)
        np.copyto(self._task.network.parameters, state["weights"]["parameters"])
        for name, part in self._parts.items():
            part.restore(state[name])

    def start(self) -> None:
        """Start the workers, if there are any and the machine has a core for each. Raises `WorkerLost`."""
        if self.parallelism.processes <= most_processes():
            self._strategy.start(self._worker_epoch)

    def close(self) -> None:
        self._strategy.close()

    def run_epoch(self, stop: Callable[[], bool], progress: Progress) -> EpochNumbers:
        self._strategy.begin_epoch()
        try:
            numbers = self._run_epoch(stop, progress)
        except WorkerLost:
            raise
        except Exception:
            self._strategy.end_epoch()
            raise
        # Not after a second interrupt, since the end of an epoch waits for the workers.
        self._strategy.end_epoch()
        return numbers

    def scheduled_rate(self) -> float | None:
        return None if isinstance(self._task.optimizer.learning_rate, int | float) else self._strategy.rate(ago=1)

    def epoch_ended(self, values: Mapping[str, float]) -> None:
        self._strategy.learning_rate.epoch_ended(values)

    def _run_epoch(self, stop: Callable[[], bool], progress: Progress) -> EpochNumbers:
        metrics = MetricAccumulator(self._task.metrics, self._task.loss.threshold)
        total, seen, step = 0.0, 0, 0
        # Overflow is detected in the loss; exp may overflow on the way to a correct 0.
        with np.errstate(all="ignore"):
            for rows, batches in self._fill(self._window.fill(self._order())):
                for number in batches:
                    if stop():
                        raise Stopped(step)
                    step += 1
                    batch = self._strategy.batches[number]
                    loss = self._train_on(batch, last=step == self.steps)
                    if not math.isfinite(loss):
                        raise self._not_finite(step, loss)
                    self.last_loss = loss
                    total += loss * batch.rows
                if self._task.metrics:
                    y, target = (self._scaled_back(array[:rows]) for array in (self._window.y, self._window.target))
                    self._add_to(metrics, y, target)
                seen += rows
                progress(step, self.steps, total / seen)
        return EpochNumbers(total / seen, metrics.results())

    def _train_on(self, batch: BatchStep, *, last: bool) -> float:
        """One step; the batch's mean loss. The parameters stay as they are if that is not a finite number.

        ``last``: this is the last batch of the epoch.
        """
        for call in batch.forward:
            call()
        loss = batch.loss()
        if math.isfinite(loss):
            for call in batch.backward:
                call()
            if self._penalize is not None:
                loss += self._penalize()
                if not math.isfinite(loss):
                    return loss
            if self._groups is None or self._groups.take(batch.rows, last=last):
                self._update()
        return loss

    def _worker_epoch(self) -> None:  # pragma: no cover  (only for workers, and forks are not measured)
        """One epoch in a worker, in step with the first process, which alone reports and decides when to stop."""
        step = 0
        for _, batches in self._window.fill(self._order()):
            for number in batches:
                step += 1
                self._train_on(self._strategy.batches[number], last=step == self.steps)

    def _order(self) -> npt.NDArray[np.intp]:
        """The indices of the rows in the order of the next epoch."""
        count = len(self._task.rows.target)
        return np.arange(count) if self._shuffle is None else self._shuffle.permutation(count)

    def _not_finite(self, step: int, loss: float) -> NotFinite:
        largest = float(np.abs(self._window.x).max())
        return NotFinite(step, loss, self.last_loss, rate=self._strategy.rate(), largest_input=largest)
