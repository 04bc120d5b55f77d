"""The training loop: a generator that yields one `EpochReport` an epoch."""

import contextlib
import math
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from mltrain.data.preprocessing import AS_IS, Preprocessing, Scaling
from mltrain.engine.arrays import Floats, size
from mltrain.engine.losses import Loss
from mltrain.engine.metrics import Metric, true_classes
from mltrain.engine.network import Network
from mltrain.engine.optimizers import Optimizer, Update
from mltrain.engine.plan import Plan
from mltrain.errors import TrainingDiverged, TrainingInterrupted
from mltrain.randomness import RowBits, generator
from mltrain.training.batches import Window
from mltrain.training.crew import Crew, crew_size
from mltrain.training.evaluation import Evaluator, Tally
from mltrain.training.options import Training
from mltrain.training.report import EpochReport
from mltrain.training.targets import target_scaling

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
) -> Iterator[EpochReport]:
    """Train ``network`` in place on ``rows``, prepared as ``preprocessing`` says; yields a report after each epoch.

    ``weights``, ``(classes,)``, say how much a row of each class counts in the loss; in validation all count the same.
    Where parameters are tracked, the first report is of epoch 0: the state before training. ``stop`` is asked between
    steps; when it says yes, `TrainingInterrupted` is raised and the network keeps what it has learned. Raises
    `TrainingDiverged` at the first loss that is not a finite number.
    """
    trainer = _Trainer(network, rows, loss, optimizer, metrics, training, preprocessing, weights, seed)
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
        )

    if tracked:
        before = Evaluator(network, rows.x, rows.target, preprocessing=preprocessing, loss=loss, metrics=metrics)()
        yield report(0, 0, 0.0, before.loss, before.metrics)
    try:
        for epoch in range(1, training.epochs + 1):
            began = time.perf_counter()
            epoch_loss, results = trainer.run_epoch(epoch, stop, progress)
            yield report(epoch, trainer.steps, time.perf_counter() - began, epoch_loss, results)
    finally:
        trainer.close()


class _Step(NamedTuple):
    """A batch of the window with the calls that take it through the network and back.

    ``share`` is that of this process in the whole batch: 1 unless others help.
    """

    forward: list[Callable[[], None]]
    backward: list[Callable[[], None]]
    z: Floats
    y: Floats
    target: npt.NDArray[Any]
    dz: Floats
    share: float


class _Trainer:
    """Everything that lasts through training: buffers, the bound steps, the optimizer's state, the random streams.

    All processes of the crew (see `mltrain.training.crew`) have one each and run the same epochs.
    """

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
    ):
        self._loss, self._metrics, self._optimizer, self._network = loss, metrics, optimizer, network
        self._scaled_back = target_scaling(loss, preprocessing).undone
        self._weights = weights
        self._count = len(rows.x)
        self._batch_size = self._count if training.batch_size == "full" else min(training.batch_size, self._count)
        self._whole, self._short = divmod(self._count, self._batch_size)
        self.steps = self._whole + (self._short > 0)
        # A full batch holds the same rows in whatever order.
        self._shuffle = generator(seed, "shuffle") if training.shuffle and self.steps > 1 else None
        self._last_finite_loss: float | None = None

        self._crew = crew = Crew(crew_size(network.parameters.size, self._batch_size) if training.epochs else 1)
        network.move_to(crew.shared(network.parameters.size, network.parameters.dtype))
        self._gradients = [crew.shared(network.parameters.size, network.parameters.dtype) for _ in range(crew.size)]
        self._numbers = crew.shared(crew.size, np.float64)
        self._halt = crew.shared(1, np.int64)
        crew.start(lambda: self._help(rows, preprocessing.inputs, seed))
        self._set_up(rows, preprocessing.inputs, seed)

    def _set_up(self, rows: Rows, inputs: Scaling, seed: int) -> None:
        """Bind this process's share of the batches, and of the parameters."""
        crew, network = self._crew, self._network
        own, own_short = (_length(crew.share(count)) for count in (self._batch_size, self._short))
        self._window = Window(
            rows.x,
            rows.target,
            size(network.output_shape),
            inputs,
            batch_size=own,
            whole=self._whole,
            short=own_short if self._short else None,
        )
        plan = Plan(network, own, gradients=self._gradients[crew.rank], joined=self._loss.joins is not None)
        rng = generator(seed, "dropout")
        self._steps = []
        for number, batch in enumerate(self._window.batches):
            is_short = self._short and number == len(self._window.batches) - 1
            total = self._short if is_short else self._batch_size
            part = crew.share(total)
            bound = plan.bind(batch.x, batch.y, RowBits(rng, part.start, total - part.stop))
            forward, backward = ([call.run for call in calls] for calls in (bound.forward, bound.backward))
            share = _length(part) / total
            self._steps.append(_Step(forward, backward, bound.z, bound.y, batch.target, bound.dz, share))
        part = crew.share(network.parameters.size)
        mine, *others = (gradient[part] for gradient in _first(self._gradients, crew.rank))
        self._own_gradient, self._other_gradients = mine, others
        self.update = Update(self._optimizer, network.parameters[part], mine, self._total)

    def close(self) -> None:
        """Let the others go, and take back what they shared."""
        self._crew.dismiss()

    def _help(self, rows: Rows, inputs: Scaling, seed: int) -> None:
        """What the other processes do: epoch after epoch, until they are dismissed."""
        self._set_up(rows, inputs, seed)
        while True:
            with contextlib.suppress(TrainingDiverged, TrainingInterrupted):
                self.run_epoch(0, lambda: False, lambda *_: None)

    def run_epoch(self, epoch: int, stop: Callable[[], bool], progress: Progress) -> tuple[float, dict[str, float]]:
        """Go through all rows once; the mean loss and the metrics, as they were while training."""
        self._crew.meet()
        order = np.arange(self._count) if self._shuffle is None else self._shuffle.permutation(self._count)
        tally = Tally(self._metrics, self._loss.threshold)
        total, step = 0.0, 0
        # Overflow is watched for where it shows, in the loss; exp may well overflow on the way to a correct 0.
        with np.errstate(all="ignore"):
            for rows, batches in self._window.fill(self._own_rows(order)):
                for number in batches:
                    step += 1
                    self._halt[0] = self._halt[0] or (step > 1 and stop())
                    total += self._train_on(self._steps[number], epoch, step)
                if self._metrics and rows:
                    tally.add(self._scaled_back(self._window.y[:rows]), self._scaled_back(self._window.target[:rows]))
                progress(step, self.steps, total / min(step * self._batch_size, self._count))
        for helped in self._crew.collect(tally)[1:]:
            tally.include(helped)
        return total / self._count, tally.results()

    def _own_rows(self, order: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
        """Of all rows in their order, those that this process takes: its part of each batch."""
        if self._crew.size == 1:
            return order
        end = self._whole * self._batch_size
        batches = order[:end].reshape(self._whole, self._batch_size)[:, self._crew.share(self._batch_size)]
        return np.concatenate([batches.reshape(-1), order[end:][self._crew.share(self._short)]])

    def _train_on(self, bound: _Step, epoch: int, step: int) -> float:
        """One step; the sum of its rows' losses. The parameters stay as they are if that is not a finite number."""
        for call in bound.forward:
            call()
        row_weights = None if self._weights is None else self._weights[true_classes(bound.target)]
        loss = self._loss.mean(bound.z, bound.y, bound.target, bound.dz, bound.share, row_weights)
        for call in bound.backward:
            call()
        loss = self._total(loss)
        if self._halt[0]:
            raise TrainingInterrupted(epoch=epoch, step=step - 1, steps=self.steps)
        if not math.isfinite(loss):
            raise self._diverged(epoch, step, loss)
        for gradient in self._other_gradients:
            np.add(self._own_gradient, gradient, out=self._own_gradient)
        self.update()
        if self._other_gradients:
            self._crew.meet()
        self._last_finite_loss = loss
        return loss * (self._short if self._short and step == self.steps else self._batch_size)

    def _total(self, own: float) -> float:
        """The sum of a number of each process; by then all of them have done what they did before."""
        if self._crew.size == 1:
            return own
        self._numbers[self._crew.rank] = own
        self._crew.meet()
        return float(self._numbers.sum())

    def _diverged(self, epoch: int, step: int, loss: float) -> TrainingDiverged:
        last = self._last_finite_loss
        before = f"the last finite loss was {last:.4g}" if last is not None else "it never was a finite number"
        where = f"training diverged: in epoch {epoch}, step {step}, the loss became {loss}; {before}"
        largest = float(np.abs(self._window.x).max())
        advice = advise(self.update.rate(), largest, self._optimizer.clip_norm)
        return TrainingDiverged("\n".join([where, *advice]), epoch=epoch, step=step, last_finite_loss=last)


def _length(part: slice) -> int:
    return int(part.stop - part.start)


def _first(items: list[Floats], number: int) -> list[Floats]:
    """The items with one of them moved to the front."""
    return [items[number], *items[:number], *items[number + 1 :]]


def advise(rate: float, largest_input: float, clip_norm: float | None) -> list[str]:
    """What to try after training diverged, the likeliest cure first."""
    tries = [f"a smaller learning rate: --set optimizer.learning_rate={rate / 10:.3g} (it was {rate:.3g})"]
    if largest_input > 10:
        tries.append(f"smaller inputs: they reach {largest_input:.4g}; networks learn best from numbers around -1 to 1")
    if clip_norm is None:
        tries.append("a bound on each step: --set optimizer.clip_norm=1")
    tries.append(
        "smaller first weights: a kernel_initializer such as glorot_uniform, the default, in place of a wide one"
    )
    return [f"  try {one}" for one in tries]


def tracked_values(network: Network, track: Sequence[str] | dict[str, str]) -> dict[str, npt.NDArray[Any]]:
    """Zero-dimensional views of the tracked parameters, by label; an array of several numbers gets a label for each."""
    wanted = track if isinstance(track, dict) else {name: name for name in track}
    values = {}
    for label, name in wanted.items():
        array = network.arrays[name]
        for index in np.ndindex(array.shape):
            place = "" if array.size == 1 else f"[{', '.join(map(str, index))}]"
            values[label + place] = array[(*index, ...)]
    return values
