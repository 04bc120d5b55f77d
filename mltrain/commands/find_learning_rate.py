"""``mltrain fit --find-learning-rate``: the learning rate range test, its curve, and a suggestion."""

import shlex
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from mltrain.backends.base import Progress
from mltrain.commands.fit import job_of
from mltrain.commands.plot import need_matplotlib
from mltrain.config.load import read_config
from mltrain.config.search_space import without_search
from mltrain.engine.optimizers.base import Optimizer
from mltrain.engine.schedules.base import Schedule
from mltrain.errors import TrainingInterrupted
from mltrain.runs.overwriting import refuse_unmarked
from mltrain.system.interrupts import interruptible
from mltrain.training.range_test import FACTOR, FALLEN, HIGHEST, LOWEST, RangeTest
from mltrain.views.terminal.messages import range_closing
from mltrain.views.terminal.progress import Bars, bar
from mltrain.views.terminal.range_curve import range_curve
from mltrain.views.terminal.redraw import LiveArea
from mltrain.views.terminal.terminal import Terminal
from mltrain.views.terminal.views import Stack, verbatim

_PICTURE, _OPTION = "learning_rate", "optimizer.learning_rate"


def run(
    terminal: Terminal,
    config: Path,
    changes: Sequence[str],
    *,
    out: Path | None = None,
    init_from: Path | None = None,
) -> None:
    """Test the network of ``config``, and show what came of it; ``out`` is a folder for the curve as a picture."""
    if out is not None:
        need_matplotlib("fit --find-learning-rate --out")
        refuse_unmarked(out / f"{_PICTURE}.png")
    source = read_config(config, changes)
    job = job_of(terminal, source, without_search(source.config), init_from)
    optimizer = job.config.optimizer
    if isinstance(optimizer.learning_rate, Schedule):
        terminal.note(f"the schedule {optimizer.learning_rate.type_name()} takes no part in the test")
    terminal.note(f"trying learning rates from {LOWEST:g} to {HIGHEST:g}, one after the other; no model is saved")
    if out is not None:
        from mltrain.views.plotting.picture_files import make_folder  # imports Matplotlib

        make_folder(out)
    with interruptible() as stop, _bar(terminal) as progress:
        test = job.range_test(stop, progress)
        if stop():
            raise TrainingInterrupted("the learning rate test was stopped")
    files = [] if out is None else [_draw(test, out)]
    if test.suggested is None:
        terminal.warning(_why_none(test))
    words = ["mltrain", "fit", str(config), *(["--init-from", str(init_from)] if init_from else [])]
    words += [word for change in changes if not change.startswith(_OPTION) for word in ("--set", change)]
    use = _Use(shlex.join(words), is_search=source.config.search is not None)
    _conclude(terminal, test, job.config.optimizer, use, files)


@contextmanager
def _bar(terminal: Terminal) -> Iterator[Progress]:
    """The callback that shows how far the test is: a bar on a terminal."""
    if terminal.quiet or not terminal.err.is_terminal:
        yield lambda *_: None
        return
    began, share = time.monotonic(), 0.0
    area = LiveArea(terminal.err, lambda _: Bars([bar("learning rates", share, time.monotonic() - began)]))

    def report(done: int, planned: int, _loss: float) -> None:
        nonlocal share
        share = done / planned
        area.redraw()

    try:
        yield report
    finally:
        area.close(Stack([]))


def _why_none(test: RangeTest) -> str:
    advice = "inputs around -1 to 1, a target of such numbers and usual first weights make training easier"
    if test.ending == "all steps":
        advice = "see whether layers are frozen, and whether the loss fits the target"
    return f"no learning rate is suggested: the loss never fell by more than batches differ by chance; {advice}"


class _Use(NamedTuple):
    """Where the learning rate is to be used: with the ``command`` of the training, or in the config of a search."""

    command: str
    is_search: bool

    def with_rate(self, option: str, rate: float) -> str:
        if self.is_search:
            low, high = (f"{bound:.2g}" for bound in (rate / FACTOR, rate * FACTOR))
            return f"in parameters of search: {option}: {{min: {low}, max: {high}, scale: log}}"
        return f"{self.command} --set {option}={rate:g}"


def _conclude(terminal: Terminal, test: RangeTest, optimizer: Optimizer, use: _Use, files: Sequence[str]) -> None:
    now, found = optimizer.learning_rate, test.suggested
    schedule = now if isinstance(now, Schedule) else None
    option = ".".join([_OPTION, *([schedule.highest] if schedule and schedule.highest else [])])
    if terminal.json:
        terminal.result(
            verbatim(""),
            {
                "learning_rate": found,
                "option": option,
                "learning_rate_of_config": None if schedule else now,
                "ending": test.ending,
                "steps": len(test.losses),
                "curve": {"learning_rate": test.rates, "loss": test.losses, "smoothed_loss": test.smoothed},
                **({"pictures": files} if files else {}),
            },
        )
    elif terminal.quiet:
        if found is not None:
            terminal.result(verbatim(f"{found:g}"), {})
    else:
        entries = {}
        if found is not None:
            entries["found"] = f"{found:g}{'' if schedule else f', where the config has {now:g}'}"
            entries["rule"] = (
                f"a tenth of {found * FACTOR:.2g}, where the smoothed loss had fallen {FALLEN:.0%} of its way down"
            )
        entries["end"] = (
            f"up to {test.rates[-1]:.2g}, the loss has not grown beyond where it began"
            if test.ending == "all steps"
            else f"with {test.rates[-1]:.2g} the loss has grown beyond where it began"
        )
        entries["saved"] = ", ".join(files)
        curve = range_curve(test.rates, test.smoothed, found)
        following = "" if found is None else use.with_rate(option, found)
        terminal.result(Stack([curve, verbatim(""), range_closing(entries, following)]), {})


def _draw(test: RangeTest, out: Path) -> str:
    from mltrain.views.plotting.picture_files import save
    from mltrain.views.plotting.range_test import draw_range_test
    from mltrain.views.plotting.style import LIGHT, Drawing

    found = test.suggested
    end = "The loss fell with none." if found is None else f"Suggested is {found:g}, which the line marks."
    picture = Drawing(
        _PICTURE,
        "With which learning rates the loss falls",
        f"The loss while the learning rate grows from step to step; dots are batches, the line is their mean. {end}",
        partial(draw_range_test, rates=test.rates, losses=test.losses, smoothed=test.smoothed, suggested=found),
    )
    return str(save(picture, LIGHT, out, "png"))
