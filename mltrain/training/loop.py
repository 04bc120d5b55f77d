"""The training loop: a generator that yields one `EpochReport` an epoch.

It is independent of terminal, disk and backend: a `Trainer` of the backend computes. Modules beside it make reports
with validation and tracked parameters (`Recorder`), stop early (`Monitor`), resume an earlier training (`TrainingRun`),
and train again on the validation rows, too (`Refit`).
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from mltrain.backends.base import Backend, Evaluation, NotFinite, Progress, Rows, Stopped, TrainingTask
from mltrain.backends.profiler import Profile
from mltrain.data.preprocessing import AS_IS, Preprocessing
from mltrain.engine.arrays import Floats
from mltrain.engine.losses.base import Loss
from mltrain.engine.metrics.base import Metric
from mltrain.engine.network import Network
from mltrain.engine.optimizers.base import Optimizer
from mltrain.errors import TrainingInterrupted
from mltrain.training.checkpointing import TrainingRun
from mltrain.training.divergence import divergence
from mltrain.training.epoch_report import EpochReport
from mltrain.training.monitor import Monitor
from mltrain.training.options import Training
from mltrain.training.recorder import Recorder

if TYPE_CHECKING:
    from mltrain.training.cross_validation import CrossValidation
    from mltrain.training.refit import Refit, RefitProgress


def train(
    network: Network,
    rows: Rows,
    *,
    backend: Backend,
    loss: Loss,
    optimizer: Optimizer,
    training: Training,
    metrics: Sequence[Metric] = (),
    validation: Rows | None = None,
    preprocessing: Preprocessing = AS_IS,
    class_weights: Floats | None = None,
    seed: int = 0,
    stop: Callable[[], bool] = lambda: False,
    progress: Progress = lambda *_: None,
    profile: Profile | None = None,
    monitor: Monitor | None = None,
    run: TrainingRun | None = None,
    folds: "CrossValidation | None" = None,
    refit: "Refit | None" = None,
    refit_progress: "RefitProgress" = lambda *_: None,
) -> Generator[EpochReport, None, None]:
    """Train ``network`` in place on ``rows``, prepared as ``preprocessing`` says; yields a report after each epoch.

    ``class_weights``, ``(classes,)``, are the weights of the classes in the training loss; the validation loss is
    unweighted. Where parameters are tracked, the first report is of epoch 0: the state before training. ``stop`` is
    called between steps; when it returns True, `TrainingInterrupted` is raised and the network keeps its parameters.
    Raises `TrainingDiverged` at the first loss that is not a finite number. ``profile``, if given, records the times.

    ``monitor`` may end the training early and give the network its best weights at the end. ``run`` has the
    state to resume from, and receives the reports and snapshots. ``folds`` validate in place of ``validation``: reports
    are about all of their networks. ``refit`` trains the network again at the end, on all rows, for as many epochs as
    ``monitor`` found best; there are no reports of it, but calls of ``refit_progress``.
    """
    run = run or TrainingRun(keeps=False)
    task = TrainingTask(
        network,
        rows,
        loss,
        optimizer,
        batch_size=training.rows_per_batch(len(rows.target)),
        metrics=metrics,
        gradient_accumulation=training.gradient_accumulation,
        shuffle=training.shuffle,
        preprocessing=preprocessing,
        class_weights=class_weights,
        seed=seed,
    )
    measures = partial(backend.evaluator, network, loss=loss, metrics=metrics, preprocessing=preprocessing)
    validate: Callable[[], Evaluation] | None
    if folds:
        first, validate = folds.trainer(backend, task, training, profile), folds.evaluator(backend, task, folds.folds)
        measure = folds.evaluator(backend, task, folds.others) if training.track else None
    else:
        first = backend.trainer(task, run.parallelism, profile)
        validate = measures(validation) if validation else None
        measure = measures(rows) if training.track else None
    recorder = Recorder(network, training, measure=measure, validate=validate)
    with closing(first) as trainer:
        if refit:
            refit.begin(network.parameters)
        run.begin(trainer, {"monitor": monitor, "refit": refit, "cross_validation": folds})
        if run.epoch < training.epochs:
            trainer.start()
        run.begun()
        if recorder.tracks and not run.history:
            run.add(before := recorder.before_training(trainer))
            yield before

        for epoch in range(run.epoch + 1, training.epochs + 1):
            if monitor and monitor.exhausted:
                break
            began = perf_counter()
            with _named_errors(epoch, trainer.steps, optimizer.clip_norm):
                numbers = trainer.run_epoch(stop, progress)
            seconds = perf_counter() - began
            report = recorder.report(epoch, numbers, trainer, seconds)
            trainer.epoch_ended(report.values)
            if monitor:
                monitor.epoch_ended(epoch, report.values, network.parameters)
                if folds and monitor.best_epoch == epoch:
                    folds.keep()
            run.add(report, last=epoch == training.epochs or (monitor is not None and monitor.exhausted))
            yield report

        if monitor:
            monitor.finish(network.parameters)
    if refit and monitor and monitor.best_epoch is not None:
        if validation is not None:
            rows = Rows(*(np.concatenate(parts) for parts in zip(rows, validation, strict=True)))
            task = task._replace(rows=rows, batch_size=training.rows_per_batch(len(rows.target)))
        refit.train(
            task,
            monitor.best_epoch,
            backend=backend,
            parallelism=run.parallelism,
            stop=stop,
            progress=refit_progress,
        )


@contextmanager
def _named_errors(epoch: int, steps: int, clip_norm: float | None) -> Iterator[None]:
    """Errors of an epoch's steps, as users see them."""
    try:
        yield
    except NotFinite as error:
        raise divergence(epoch, error, clip_norm) from None
    except Stopped as stopped:
        if stopped.step == 0 and epoch > 1:  # an interrupt between two epochs: the last epoch is complete
            raise TrainingInterrupted(epoch=epoch - 1, step=steps, steps=steps) from None
        raise TrainingInterrupted(epoch=epoch, step=stopped.step, steps=steps) from None
