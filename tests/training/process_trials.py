"""Trainings by several processes, each in a process of its own: ``python process_trials.py NAME STRATEGY`` prints JSON.

Not within pytest, whose threads do not go well with forks, and because NumPy must be told to use one core before it is
imported.
"""

import errno
import json
import os
import signal
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from toy_training import class_rows, dense, network, training_of

from mltrain.backends.base import SINGLE, Parallelism
from mltrain.backends.numpy import train_step, trainer
from mltrain.backends.numpy.parallel import choice, lockstep, process_group
from mltrain.backends.numpy.parallel.process_group import ProcessGroup
from mltrain.engine.network import Network
from mltrain.errors import MltrainError
from mltrain.system.interrupts import interruptible
from mltrain.training.checkpointing import TrainingRun

INPUTS, CLASSES = 200, 3
LAYERS: tuple[Any, ...] = (
    dense(256, "relu"),
    {"type": "dropout", "rate": 0.25},
    dense(256, "tanh", use_bias=False),
    dense(CLASSES, "softmax"),
)
"""Two kernels that are worth sharing, of which the second is asked for the gradient of its input, and a small one."""

OPTIMIZERS = {
    "sgd": {"type": "sgd", "momentum": 0.9, "nesterov": True},
    "adam, clipped": {"type": "adam", "clip_norm": 0.05},
    "adagrad, decaying": {"type": "adagrad", "learning_rate": 0.01, "weight_decay": 0.1},
}
PLATEAU = {
    "type": "reduce_on_plateau",
    "initial_learning_rate": 0.01,
    "monitor": "loss",
    "patience": 1,
    "factor": 0.5,
    "min_delta": 0.05,
}
LONGER = {"how": {"type": "adam", "learning_rate": PLATEAU, "use_ema": True, "ema_momentum": 0.8}}
"""A rate that falls while it trains, and a running mean of the parameters."""

PENALIZED: tuple[Any, ...] = (
    dense(256, "relu", kernel_regularizer={"type": "l2", "l2": 0.001}),
    dense(256, "tanh", kernel_regularizer={"type": "l1", "l1": 1e-4}),
    dense(CLASSES, "softmax", kernel_regularizer="l2"),
)
FROZEN: tuple[Any, ...] = (
    dense(256, "relu", trainable=False),
    dense(256, "tanh"),
    dense(256, "tanh", trainable=False),
    dense(CLASSES, "softmax", use_bias=False),
)
"""Of the large kernels, only the second is shared: nobody below it wants a gradient."""

NORMALIZED: tuple[Any, ...] = (
    dense(256, use_bias=False),
    {"type": "batch_normalization", "momentum": 0.8},
    "relu",
    {"type": "dropout", "rate": 0.25},
    dense(256, "tanh", use_bias=False),
    {"type": "batch_normalization", "momentum": 0.8},
    dense(CLASSES, "softmax"),
)
"""Statistics of the batch within the network, and moving ones."""

TRAININGS: dict[str, Any] = {name: {"how": how} for name, how in OPTIMIZERS.items()} | {
    "longer": {"layers": PENALIZED, "batch_size": 16, "gradient_accumulation": 2, **LONGER},
    "normalized": {"layers": NORMALIZED, **LONGER},
}
"""Options of trainings that must not depend on who does the work."""
COUNTS = {"short batch": 110, "batch of one": 97, "whole batches": 96}


STRATEGY = sys.argv[2] if len(sys.argv) > 2 else "columns"


@contextmanager
def crew_of(size: int) -> Iterator[None]:
    """Within this, training works with so many processes, however many cores the machine has."""
    wanted = Parallelism(STRATEGY, size) if size > 1 else SINGLE
    with patch.object(choice, "cores", lambda: size), patch.object(trainer, "choose", lambda *_: wanted):
        yield


def begin(
    *, count: int = 110, how: Any = "adam", layers: tuple[Any, ...] = LAYERS, **options: Any
) -> tuple[Network, Any]:
    """The network, and the generator of its training."""
    net = network(INPUTS, *layers)
    options = {"batch_size": 48, "measure": ["accuracy", {"type": "top_k_accuracy", "k": 2}], **options}
    rows = class_rows(count, INPUTS, CLASSES)
    return net, training_of(net, rows, how=how, aim="sparse_categorical_crossentropy", **options)


def helpers() -> list[int]:
    """Numbers of the processes that this one has started and not yet buried."""
    return [int(number) for number in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]


def error_of(training: Any) -> dict[str, Any]:
    """The error with which a training ends, how long that took, and who is left."""
    began = time.monotonic()
    try:
        list(training)
    except (MltrainError, MemoryError) as error:
        seconds = time.monotonic() - began
        return {"error": type(error).__name__, "text": str(error), "seconds": seconds, "left": helpers()}
    return {"error": None, "left": helpers()}


def compared(**options: Any) -> Any:
    """A training by one, two and three processes: what each reported, and the largest difference of a weight."""
    trained = []
    for size in (1, 2, 3):
        with crew_of(size):
            net, training = begin(validation=class_rows(20, INPUTS, CLASSES, 2), **options)
            reports = [(next(training), len(helpers())), *((report, 0) for report in training)]
        trained.append(
            {
                "processes": 1 + reports[0][1],
                "losses": [report.loss for report, _ in reports],
                "val_losses": [report.val_loss for report, _ in reports],
                "metrics": [report.metrics for report, _ in reports],
                "rates": [report.learning_rate for report, _ in reports],
                "parameters": net.parameters,
            }
        )
    alone = trained[0]["parameters"]
    for one in trained:
        one["difference"] = float(np.abs(one.pop("parameters") - alone).max())
    return {"trained": trained, "left": helpers()}


def same_as_alone() -> Any:
    return {
        f"{name}, {title}": compared(count=count, how=how, epochs=3)
        for name, how in OPTIMIZERS.items()
        for title, count in COUNTS.items()
    }


def longer_same_as_alone() -> Any:
    """With what those use who train for longer."""
    return {
        "accumulated": compared(epochs=3, batch_size=16, gradient_accumulation=3, layers=PENALIZED),
        "averaged": compared(epochs=6, layers=PENALIZED, **LONGER),
        "normalized": compared(epochs=4, layers=NORMALIZED, how={"type": "sgd", "learning_rate": 0.05}, count=97),
        "normalized, averaged": compared(epochs=6, layers=NORMALIZED, batch_size=16, gradient_accumulation=2, **LONGER),
        "weighted": compared(epochs=3, class_weights=np.array([0.5, 1, 3], np.float32)),
        "frozen": compared(epochs=3, layers=FROZEN, how={"type": "adam", "clip_norm": 0.05, "weight_decay": 0.1}),
    }


def same_bytes() -> Any:
    def trained() -> bytes:
        net, training = begin(epochs=2)
        list(training)
        return net.parameters.tobytes()

    with crew_of(2):
        return trained() == trained()


def sent_home() -> Any:
    """Trainings whose helpers stay, go after a step, and go at some time: who is left, and are the bytes the same?"""
    found = {}
    for name, options in TRAININGS.items():
        left, parameters = [], []
        for watch, waiting in ((-1.0, 2.0), (-1.0, -1.0), (1e-3, -1.0)):
            with crew_of(3), patch.multiple(lockstep, WATCH_SECONDS=watch, MOST_WAITING=waiting):
                net, training = begin(epochs=4, **options)
                next(training)
                left.append(len(helpers()))
                list(training)
            parameters.append(net.parameters.tobytes())
        found[name] = {"left": left, "same": parameters == parameters[:1] * 3}
    return found


def gone_on() -> Any:
    """Trainings that were stopped after two of four epochs, with and without helpers, and then with as many or none.

    Are the bytes those of one that never stopped?
    """
    found = {}
    for name, options in TRAININGS.items():
        with crew_of(3):
            net, training = begin(epochs=4, **options)
            list(training)
            whole = net.parameters.tobytes()
        for before, after in ((3, 3), (3, 1), (1, 3)):
            training_run = TrainingRun()
            with crew_of(before):
                _, training = begin(epochs=2, run=training_run, **options)
                list(training)
            assert training_run.newest is not None
            newest = training_run.newest
            training_run = TrainingRun(
                epoch=2,
                parallelism=newest.parallelism,
                restore=lambda whole, newest=newest: whole.restore(newest.state),
            )
            with crew_of(after):
                net, training = begin(epochs=4, run=training_run, **options)
                next(training)
                there = len(helpers())
                list(training)
            found[f"{name}, {before} and {after}"] = [there, net.parameters.tobytes() == whole]
    return found


def killed(*, forgotten: bool = False) -> Any:
    """A helper is killed in the middle of an epoch. ``forgotten``: the system buries it at once."""
    if forgotten:
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)

    def progress(*_: Any) -> None:
        os.kill(helpers()[-1], signal.SIGKILL)

    with crew_of(3):
        return error_of(begin(epochs=1000, progress=progress)[1])


def killed_and_forgotten() -> Any:
    return killed(forgotten=True)


def stopped() -> Any:
    """A worker is stopped in the middle of an epoch, and nobody continues it."""

    def progress(*_: Any) -> None:
        os.kill(helpers()[-1], signal.SIGSTOP)

    with crew_of(3), patch.object(process_group, "STOPPED_NAPS", 200):
        return error_of(begin(epochs=1000, progress=progress)[1])


def stopped_and_ignored() -> Any:
    """A worker is stopped, and two Ctrl-C are sent to the process that waits for it: the error, and who is left."""
    first = os.getpid()

    def progress(*_: Any) -> None:
        os.kill(helpers()[-1], signal.SIGSTOP)
        if not os.fork():
            for _ in range(2):
                time.sleep(0.3)
                os.kill(first, signal.SIGINT)
            os._exit(0)

    with crew_of(2), interruptible() as stop, closing(begin(epochs=1000, progress=progress, stop=stop)[1]) as training:
        try:
            list(training)
        except KeyboardInterrupt:
            os.wait()  # for the process that has sent the signals
            return {"error": "KeyboardInterrupt", "left": helpers()}
        return None


def helper_without_patience() -> Any:
    """Ctrl-C in a terminal reaches the helpers, too; they leave it to the first process."""

    def progress(*_: Any) -> None:
        for helper in helpers():
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                os.kill(helper, number)

    with crew_of(2):
        return error_of(begin(epochs=3, progress=progress)[1])


def diverging() -> Any:
    with crew_of(2):
        # The penalty overflows whatever the processor rounds; without one, a network may die and stay finite.
        return error_of(begin(layers=PENALIZED, how={"type": "sgd", "learning_rate": 1e30}, epochs=100)[1])


def interrupted() -> Any:
    """Stopped in the second epoch, alone and with help: the errors, and the largest difference of a weight."""
    found, parameters = [], []
    for size in (1, 2):
        asked = iter(range(5))
        with crew_of(size):
            net, training = begin(epochs=1000, stop=lambda asked=asked: next(asked, None) is None)
            found.append(error_of(training))
        parameters.append(net.parameters)
    return {"found": found, "difference": float(np.abs(parameters[0] - parameters[1]).max())}


def broken_off() -> Any:
    """Training is closed after an epoch, and where it tells the state before training: who was there, who is left."""
    found = []
    for track in ([], ["dense_2.bias"]):
        with crew_of(2):
            _, training = begin(epochs=1000, track=track)
            next(training)
            there = len(helpers())
            training.close()
        found.append([there, helpers()])
    return found


def fork_refused() -> Any:
    forks = [os.fork]

    def fork() -> int:
        if forks:
            return forks.pop()()
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    with crew_of(3), patch.object(os, "fork", fork):
        return error_of(begin()[1])


def no_room_for_buffers() -> Any:
    def refuse(*_: Any, **__: Any) -> None:
        raise MemoryError

    with crew_of(2), patch.object(train_step, "Plan", refuse):
        return error_of(begin()[1])


def slow_validation() -> Any:
    """The helpers fall asleep while the first process is busy, and wake up for the next order."""
    with crew_of(2):
        _, training = begin(epochs=3)
        losses = []
        for report in training:
            losses.append(report.loss)
            time.sleep(0.1)
        return len(losses)


def allocation() -> Any:
    """What the first of two processes allocates from one step to another, at most, and what one activation takes."""
    before = peak = 0

    def progress(step: int, *_: object) -> None:
        nonlocal before, peak
        if step >= 5 and not before:  # the first few steps may still set things up
            before, _ = tracemalloc.get_traced_memory()
            tracemalloc.reset_peak()
        elif step <= 130:  # the 128th flushes the optimizer
            _, peak = tracemalloc.get_traced_memory()

    with crew_of(2):
        tracemalloc.start()
        list(begin(count=140 * 64, batch_size=64, how={"type": "adam", "clip_norm": 1.0}, progress=progress)[1])
        tracemalloc.stop()
    return {"peak": peak - before, "activation": 4 * 64 * 256}


def first_snapshot() -> Any:
    """How many helpers are there when the state before training is copied: what is copied before, they would keep."""

    class Watched(TrainingRun):
        there: int | None = None

        def _snapshot(self, epoch: int) -> None:
            if self.there is None:
                self.there = len(helpers())
            super()._snapshot(epoch)

    training_run = Watched()
    with crew_of(3):
        list(begin(epochs=1, run=training_run)[1])
    return training_run.there


def barriers() -> Any:
    """What a crew is for, without a network: what is written before a meeting is read after it; and then alone."""
    group = ProcessGroup(3)
    written, read = group.shared((2, 3), np.int64), group.shared((3, 100), np.int64)

    def work() -> None:
        for turn in range(100):
            written[turn % 2, group.rank] = turn + group.rank
            group.barrier()
            read[group.rank, turn] = written[turn % 2].sum()

    group.start(work)
    there = len(helpers())
    sums = []
    for _ in range(2):
        group.barrier()
        work()
        group.wait()
        sums.append(read.tolist())
        read[...] = 0
    for _ in range(2):
        group.terminate()
        group.barrier()
        group.wait()
    return {"there": there, "sums": sums, "left": helpers()}


def endless() -> Any:
    """Train until somebody ends this, having said who helps."""
    with crew_of(3):
        _, training = begin(epochs=10**9)
        next(training)
        print(json.dumps(helpers()), flush=True)
        list(training)


TRIALS: list[Callable[[], Any]] = [
    same_as_alone,
    longer_same_as_alone,
    same_bytes,
    sent_home,
    gone_on,
    killed,
    killed_and_forgotten,
    helper_without_patience,
    diverging,
    interrupted,
    broken_off,
    fork_refused,
    no_room_for_buffers,
    slow_validation,
    allocation,
    first_snapshot,
    barriers,
    stopped,
    stopped_and_ignored,
    endless,
]

if __name__ == "__main__":
    print(json.dumps({trial.__name__: trial for trial in TRIALS}[sys.argv[1]]()))
