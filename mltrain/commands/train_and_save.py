"""A new or resumed training: shown while it runs, saved, and summarized."""

import dataclasses
import shlex
import time
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mltrain.backends.base import SINGLE
from mltrain.backends.profiler import Profile
from mltrain.checks.warnings import growing_loss
from mltrain.commands.best_epoch import best_of, model_epoch, not_finite, stopped_by, whose_weights
from mltrain.config import Config
from mltrain.data.base import LazyDataset
from mltrain.engine.graph import Node
from mltrain.errors import DataError, TrainingDiverged, TrainingInterrupted, WorkerLost
from mltrain.inference.model import Model
from mltrain.job import TrainingJob, prepare, split_to_evaluate
from mltrain.runs.checkpoint import Background
from mltrain.runs.checkpoint_keeper import CheckpointKeeper
from mltrain.runs.event_files import EventFiles
from mltrain.runs.frames import FrameKeeper
from mltrain.runs.run import BEST, FILES, LAST, MODEL, OUT_OF_FOLD, Run, with_absolute_paths
from mltrain.system.interrupts import interruptible
from mltrain.training.checkpointing import TrainingRun
from mltrain.training.epoch_report import EpochReport
from mltrain.views.terminal.download import download_bar
from mltrain.views.terminal.messages import Outcome, note
from mltrain.views.terminal.messages import closing as last_word
from mltrain.views.terminal.number_format import plural
from mltrain.views.terminal.profile_table import profile_table
from mltrain.views.terminal.terminal import Terminal
from mltrain.views.terminal.training_display import Both, TrainingDisplay, training_display
from mltrain.views.terminal.views import verbatim

if TYPE_CHECKING:
    from mltrain.views.live.page import LivePage

_MOST_TYPED = 8
"""Up to this number of values, a row can be typed on a command line."""

_LOOK = 0.1
"""Seconds between two checks for the end of the program."""


class Session(NamedTuple):
    """A training that is about to begin or to be resumed, and its inputs.

    ``folder`` is the config's folder; ``is_newest``: the run is the default of later commands.
    """

    job: TrainingJob
    folder: Path
    run: Run
    training_run: TrainingRun
    keeper: FrameKeeper
    is_newest: bool


def train_and_save(
    terminal: Terminal, attempt: Session, *, live: bool, log_dir: Path | None, profile: Profile | None
) -> None:
    """Train, show the progress, save, and print the summary."""
    job, folder, run, training_run, keeper, _ = attempt

    def background() -> Background:
        return Background(with_absolute_paths(job.config, folder), job.origin.data, keeper.count)

    def save() -> None:
        model, others, planned = job.model(training_run.history), best_and_last(job), run.folder
        stands = run.stands()
        tables, finish = held_out_tables(terminal, job, model, folder), checkpoints.finish
        run.save(model, training_run.history, folder, keeper.frames, others=others, checkpoint=finish, tables=tables)
        if not stands:
            terminal.warning(f"{planned} was removed or replaced during the training; the run is in {run.folder}")

    if job.config.optimizer.use_ema:
        terminal.note("validation and the saved model use the running mean of the parameters, as use_ema says")
    checkpoints = CheckpointKeeper(run, background, training_run, keeper, terminal.warning)
    with _page(terminal, attempt, live=live) as page:
        with interruptible() as stop:  # saving included: Ctrl-C while the model is being saved must not lose it
            try:
                with _display(terminal, attempt, page) as display, _log(log_dir, run) as log:
                    show, step = display.show, display.step
                    if profile:
                        show, step = (profile.timed("display", "", shown) for shown in (show, step))
                    for report in job.train(stop, step, profile, training_run, display.refit):
                        show(report)
                        if (grows := growing_loss(training_run.history)) is not None:
                            terminal.warning(grows)
                        keeper.keep_if_chosen(report.epoch, job.network.parameters)
                        checkpoints.write_if_due()
                        if log:
                            log.add(report)
            except TrainingInterrupted:
                save()
                learned = "the network of the first fold" if job.folds else "what was learned so far"
                terminal.note(f"{learned} is saved: {run.folder / MODEL}")
                terminal.note(f"go on with: mltrain fit --resume {shlex.quote(str(run.folder))}")
                if terminal.quiet and not terminal.json:
                    _tell_where(terminal, run)
                raise
            except WorkerLost:
                if training_run.history:  # the network has the weights of the last complete epoch
                    save()
                    done = plural(training_run.history[-1].epoch, "epoch")
                    terminal.note(f"what was learned in {done} is saved: {run.folder / MODEL}")
                    terminal.note(f"go on with: mltrain fit --resume {shlex.quote(str(run.folder))}")
                raise
            except TrainingDiverged:
                if job.monitor and job.monitor.last is not None:  # the first training was complete
                    save()
                    best = f"the best {'of the first fold ' if job.folds else ''}by {job.monitor.name}"
                    terminal.note(f"the network before that, {best}, is saved: {run.folder}")
                else:
                    checkpoints.discard()
                raise
            save()
        _conclude(terminal, attempt, profile)


def best_and_last(job: TrainingJob) -> dict[str, Model]:
    """The models of the best and of the last epoch, if epochs were compared: none is trained on validation rows."""
    monitor = job.monitor
    if monitor is None or monitor.best_epoch is None or job.folds:  # of folds they would be those of the first
        return {}
    last = job.network.parameters if monitor.last is None else monitor.last
    model = dataclasses.replace(job.model([]), origin=job.origin)
    return {name: model.with_parameters(parameters) for name, parameters in ((BEST, monitor.best), (LAST, last))}


def held_out_tables(terminal: Terminal, job: TrainingJob, model: Model, folder: Path) -> dict[str, str]:
    """What folds said of the rows that they left out, if the network was trained on these, too: text by file name."""
    if not model.is_cross_validated:
        return {}
    from mltrain.search.files import out_of_fold_csv  # few trainings have folds
    from mltrain.search.folds import validating_folds

    try:
        return {OUT_OF_FOLD: out_of_fold_csv(model, validating_folds(job, folder))}
    except DataError as error:  # the source is gone, or has changed since it was read
        terminal.warning(f"there is no {OUT_OF_FOLD}, which needs the numbers of the rows in the data: {error}")
        return {}


def prepared(
    terminal: Terminal, config: Config, folder: Path, data: LazyDataset, nodes: tuple[Node, ...] | None = None
) -> TrainingJob:
    """The job, with its data downloaded if necessary; the download shows its progress."""
    with download_bar(terminal) as progress:
        config.dataset.fetch(folder, progress)
    job = prepare(config, folder, data, nodes)
    for left_out in job.dataset.notes:
        terminal.note(left_out)
    return job


@contextmanager
def _page(terminal: Terminal, attempt: Session, *, live: bool) -> Iterator["LivePage | None"]:
    """The live page, if it was asked for. On a terminal, it is served until the user ends it.

    Without a terminal, the page ends with the training.
    """
    if not live:
        yield None
        return
    from mltrain.views.live.desktop import open_page
    from mltrain.views.live.page import LivePage

    attended = terminal.is_attended
    with closing(
        LivePage(attempt.job, past=attempt.training_run.history, greet=open_page if attended else None)
    ) as page:
        terminal.err.print(note(f"watch it at {page.address}"))
        yield page
        if attended:
            terminal.err.print(note(f"the page stays at {page.address} until Ctrl-C"))
            with interruptible() as asked_to_end:
                while not asked_to_end():
                    time.sleep(_LOOK)


@contextmanager
def _display(terminal: Terminal, attempt: Session, page: "LivePage | None") -> Iterator[TrainingDisplay]:
    """The display of the training: the terminal's and, if there is one, the page's."""
    config, past = attempt.job.config, tuple(attempt.training_run.history)
    with training_display(terminal, title=str(config.name), epochs=config.training.epochs, past=past) as display:
        if page is None:
            yield display
            return
        try:
            yield Both(display, page)
        finally:
            page.finish()


def _log(folder: Path | None, run: Run) -> EventFiles | nullcontext[None]:
    """The writer of TensorBoard's files, in a folder with the name of the run."""
    return EventFiles(folder / run.folder.resolve().name) if folder else nullcontext()


def _conclude(terminal: Terminal, attempt: Session, profile: Profile | None) -> None:
    """Print the results, the paths of the files, and the next command."""
    job, run, history = attempt.job, attempt.run, attempt.training_run.history
    last, monitor, refit = history[-1] if history else _untrained(job), job.monitor, job.refit
    epoch = model_epoch(monitor, last.epoch)
    used = next((report for report in history if report.epoch == epoch), last)
    seconds = sum(report.seconds for report in history)
    document = {
        "run": str(run.folder),
        "model": str(run.folder / MODEL),
        "epochs": last.epoch,
        "loss": used.loss,
        "metrics": used.metrics,
        **({} if used.val_loss is None else {"val_loss": used.val_loss, "val_metrics": used.val_metrics}),
        "parameters": job.network.parameters.size,
        "seconds": seconds + (refit.seconds if refit else 0.0),
        **({} if monitor is None else {"best": best_of(monitor), "model_epoch": epoch}),
        **({"refit": refit.document} if refit and refit.epochs else {}),
        **({"profile": [share._asdict() for share in profile.shares()]} if profile else {}),
    }
    outcome = Outcome(
        epochs=last.epoch,
        planned=job.config.training.epochs,
        seconds=seconds,
        values=used.values,
        folder=str(run.folder),
        files=[name for name in FILES if (run.folder / name).exists()],
        next_command=next_command(job) + ("" if attempt.is_newest else f" --model {shlex.quote(str(run.folder))}"),
        stopped_by=stopped_by(monitor),
        model=whose_weights(monitor, last.epoch, refit, job.folds),
    )
    for warning in not_finite(history, monitor):
        terminal.warning(warning)
    if terminal.json:
        terminal.result(verbatim(""), document)
    elif terminal.quiet:
        _tell_where(terminal, run)
    else:
        terminal.err.print(last_word(outcome))
        if profile:
            steps = sum(report.steps for report in history if report.epoch > attempt.training_run.epoch)
            terminal.err.print(profile_table(profile.shares(), steps, *(attempt.training_run.parallelism or SINGLE)))


def _tell_where(terminal: Terminal, run: Run) -> None:
    """Print only the run's folder, for scripts: ``run=$(mltrain fit --quiet ...)``."""
    terminal.result(verbatim(str(run.folder)), {})


def _untrained(job: TrainingJob) -> EpochReport:
    """The loss and metrics of the network as it is, for a training without epochs."""
    found = job.model([]).evaluate(job.dataset.train)
    return EpochReport(epoch=0, epochs=0, steps=0, seconds=0.0, loss=found.loss, metrics=found.metrics)


def next_command(job: TrainingJob, *, held_back: Collection[str] = ("validation", "test")) -> str:
    """The command that most users need after this training; ``held_back`` are parts that it did not learn from."""
    if job.folds or split_to_evaluate(job.model([]).measured_parts(job.dataset))[0] in held_back:
        return "mltrain evaluate"
    row, table = job.dataset.train.x[-1], job.dataset.preprocessing.table
    if table is not None:
        cells = table.decode(job.dataset.train.x[-1:])[0]
        if len(cells) > _MOST_TYPED or any("," in cell or "=" in cell for cell in cells):
            return "mltrain evaluate"
        return f"mltrain predict --x {shlex.quote(','.join(cells))}"
    return (
        f"mltrain predict --x {','.join(f'{number:.3g}' for number in row.flat)}"
        if row.size <= _MOST_TYPED
        else "mltrain evaluate"
    )
