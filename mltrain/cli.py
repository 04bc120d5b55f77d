"""The command line. Each command imports its modules when it runs, so that ``--help`` is fast."""

import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from copy import copy
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TextIO, cast

import typer
import typer.core
from typer.main import get_command_name
from typer.models import CommandInfo

from mltrain import __version__
from mltrain.errors import MltrainError, StorageError, UsageError, reason
from mltrain.system.streams import MustArrive, OutputLost, open_closed, silence

if TYPE_CHECKING:
    from mltrain.views.terminal.terminal import Terminal

_INTERRUPTED = 130
"""The exit code after Ctrl-C, as in shells: 128 + SIGINT."""

_READABLE, _ROOMY, _NARROWEST = 80, 58, 20
"""Widths of help in characters: the largest, the least with two columns, and the smallest."""

_CommandLineError: type[Exception] = typer.BadParameter.__mro__[2]
"""Typer's exceptions for invalid command lines; they have a method ``show`` and an exit code."""


def _help_width() -> int:
    return max(_NARROWEST, min(shutil.get_terminal_size().columns, _READABLE) - 2)


class _FitsTheTerminal:
    """A help formatter that cuts no text: on a narrow terminal, a description is below its name."""

    def get_help(self: Any, ctx: Any) -> str:
        ctx.terminal_width = _help_width()
        formatter = ctx.make_formatter()
        if formatter.width < _ROOMY:
            formatter.write_dl = partial(formatter.write_dl, col_max=0)
        self.format_help(ctx, formatter)
        return str(formatter.getvalue()).rstrip("\n")

    def format_commands(self: Any, ctx: Any, formatter: Any) -> None:
        rows = [(name, (command.help or "").partition("\n")[0]) for name, command in self.commands.items()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


class _Command(_FitsTheTerminal, typer.core.TyperCommand):
    pass


class _Commands(_FitsTheTerminal, typer.core.TyperGroup):
    """The group of commands; the error for an unknown command proposes similar ones."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] not in self.commands and not args[0].startswith("-") and not ctx.resilient_parsing:
            from mltrain.commands.failure import unknown_command

            raise unknown_command(args[0], self.commands)
        return super().resolve_command(ctx, args)


def _completer(what: str) -> Callable[[typer.Context, str], list[str]]:
    """The shell completion of a parameter, by the function ``what`` in `mltrain.commands.completion`."""

    def complete(ctx: typer.Context, incomplete: str) -> list[str]:
        from mltrain.commands.completion import complete

        return complete(what, ctx.params, ctx.args, incomplete)

    return complete


class _App(typer.Typer):
    """The commands. Those whose name is not on the command line get no options, which would take 0.4 ms for each."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        line = args[0] if args else sys.argv[1:]
        completes = f"_{str(self.info.name).upper()}_COMPLETE" in os.environ
        return super().__call__(*args, **kwargs) if completes else _reduced(self, line)(*args, **kwargs)


def _reduced(app: typer.Typer, names: Sequence[str]) -> typer.Typer:
    """A copy in which commands with other ``names`` have their help text only."""
    reduced = typer.Typer()
    vars(reduced).update(vars(app))
    reduced.registered_commands = [
        info if (info.name or get_command_name(info.callback.__name__)) in names else _without_options(info)
        for info in app.registered_commands
        if info.callback
    ]
    reduced.registered_groups = []
    for info in app.registered_groups:
        group = copy(info)
        if info.name not in names and info.typer_instance:
            group.typer_instance = _reduced(info.typer_instance, ())
        reduced.registered_groups.append(group)
    return reduced


def _without_options(info: CommandInfo) -> CommandInfo:
    def callback() -> None:
        pass

    assert info.callback
    listed = copy(info)
    callback.__name__, callback.__doc__ = info.callback.__name__, info.callback.__doc__
    listed.callback = callback
    return listed


app = _App(
    name="mltrain",
    cls=_Commands,
    help="Train small neural networks from a YAML file.",
    epilog="Start with: mltrain init linear, then mltrain fit linear.yaml, then mltrain predict --x 10",
    no_args_is_help=True,
    rich_markup_mode=None,  # plain help takes 50 ms, help with Rich 170 ms
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

ConfigFile = Annotated[Path, typer.Argument(metavar="CONFIG", help="The YAML file.", show_default=False)]
ModelOption = Annotated[
    Path | None,
    typer.Option(
        "--model", metavar="RUN|MODEL", help="The same as the argument RUN|MODEL.", autocompletion=_completer("models")
    ),
]
RunArgument = Annotated[
    Path | None,
    typer.Argument(
        metavar="[RUN|MODEL]",
        help="A run by its name or folder, a model by its file, or latest; by default the newest run.",
        autocompletion=_completer("models"),
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Change the config: --set optimizer.learning_rate=0.01",
        autocompletion=_completer("settings"),
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as one JSON document.")]


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", help="Show the version, and exit.", is_eager=True)] = False,
) -> None:
    if version:
        typer.echo(f"mltrain {__version__}")
        raise typer.Exit


@app.command(cls=_Command)
def fit(
    config: Annotated[
        Path | None,
        typer.Argument(metavar="CONFIG", help="The YAML file; not needed with --resume.", show_default=False),
    ] = None,
    changes: SetOption = None,
    epochs: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Epochs to train, instead of the config's.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Seed of all randomness, instead of the config's.")
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Where to save; by default runs/NAME-001.")] = None,
    init_from: Annotated[
        Path | None,
        typer.Option(
            "--init-from",
            metavar="RUN|MODEL",
            help="Start from this model's weights where they fit.",
            autocompletion=_completer("models"),
        ),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN",
            help="Go on with this run as if it had never stopped; --epochs may ask for more.",
            autocompletion=_completer("runs"),
        ),
    ] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Processor cores to use; by default as many as help.")
    ] = None,
    frames: Annotated[
        int | None, typer.Option(metavar="K", min=1, help="States to keep, from the first one on, for plot --animate.")
    ] = None,
    live: Annotated[bool, typer.Option("--live", help="Show it on a page that only this machine can open.")] = False,
    log_dir: Annotated[
        Path | None, typer.Option("--log-dir", metavar="DIR", help="Write event files for TensorBoard, below DIR/RUN.")
    ] = None,
    profile: Annotated[bool, typer.Option("--profile", help="Show what of the time went where.")] = False,
    folds: Annotated[
        int | None,
        typer.Option(min=2, metavar="K", help="Cross-validate: K networks, each tested on rows that it never saw."),
    ] = None,
    repeats: Annotated[
        int | None, typer.Option(min=1, metavar="R", help="Divide the rows into folds R times, each time otherwise.")
    ] = None,
    members: Annotated[
        int | None,
        typer.Option(min=2, metavar="N", help="Train N networks of different seeds, which predict their mean."),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Folds or members to train at a time; by default as many as cores."),
    ] = None,
    find_learning_rate: Annotated[
        bool,
        typer.Option("--find-learning-rate", help="Try growing learning rates, draw the loss, suggest one; save none."),
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Show warnings and errors only, and print the run's folder.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Train the network of a config, and save it."""
    from mltrain.system.threads import share_cores

    share_cores(threads)
    from mltrain.backends.profiler import Profile

    terminal, watch = _terminal(quiet=quiet, json=json), Profile() if profile else None
    if find_learning_rate:
        of_trainings = {
            "--folds": folds,
            "--members": members,
            "--repeats": repeats,
            "--jobs": jobs,
            "--resume": resume,
            "--frames": frames,
            "--live": live,
            "--log-dir": log_dir,
            "--profile": profile,
        }
        if given := [name for name, value in of_trainings.items() if value]:
            raise UsageError(f"{given[0]} cannot go with --find-learning-rate, which saves no training; leave one out")
    if folds is None and repeats is not None:
        raise UsageError("--repeats goes with --folds: it says how often to divide the rows into them")
    if folds is None and members is None and jobs is not None:
        raise UsageError("--jobs goes with --folds or --members; one training uses the cores by itself, see --threads")
    if resume is not None:
        if given := [name for name, value in {"--folds": folds, "--members": members}.items() if value is not None]:
            raise UsageError(f"--resume goes on with one training, so {given[0]} cannot go with it; start them again")
        fixed = {"--set": changes, "--seed": seed, "--out": out, "--init-from": init_from, "--frames": frames}
        if given := [name for name, value in fixed.items() if value is not None]:
            raise UsageError(f"--resume goes on as the run began, so {given[0]} cannot go with it; --epochs can")
        from mltrain.commands import resume as resumption
        from mltrain.commands.naming import run_to_resume

        resumption.run(terminal, run_to_resume(resume), config, epochs, live=live, log_dir=log_dir, profile=watch)
        return
    if config is None:
        raise UsageError("say what to train: a CONFIG, or --resume with the run to go on with")
    _import_numpy()
    extra = [f"{key}={value}" for key, value in (("training.epochs", epochs), ("seed", seed)) if value is not None]
    changed = [*(changes or []), *extra]
    if folds is not None or members is not None:
        for_one = {
            "--init-from": init_from,
            "--frames": frames,
            "--live": live,
            "--log-dir": log_dir,
            "--profile": profile,
        }
        _refuse_together(folds, members, for_one)
        from mltrain.commands import fit_ensemble

        plan = fit_ensemble.Plan(members or 0, folds or 0, repeats or 1, jobs)
        fit_ensemble.run(terminal, config, changed, plan, out=out)
        return
    if find_learning_rate:
        from mltrain.commands import find_learning_rate as range_test

        range_test.run(terminal, config, changed, out=out, init_from=init_from)
        return
    from mltrain.commands.fit import run

    run(
        terminal,
        config,
        changed,
        out=out,
        init_from=init_from,
        frames=frames or 1,
        live=live,
        log_dir=log_dir,
        profile=watch,
    )


def _refuse_together(folds: int | None, members: int | None, for_one: Mapping[str, object]) -> None:
    """Refuse what does not go with several trainings. Raises `UsageError`."""
    if folds is not None and members is not None:
        raise UsageError("--folds and --members: the folds are members of an ensemble already; choose one of the two")
    if given := [name for name, value in for_one.items() if value]:
        many = "--folds" if folds is not None else "--members"
        why = (
            "the model may have seen rows that a fold holds out"
            if given[0] == "--init-from" and folds
            else "it is about one training"
        )
        raise UsageError(f"{given[0]} cannot go with {many}: {why}")


@app.command(cls=_Command)
def sweep(
    config: Annotated[
        Path | None,
        typer.Argument(metavar="CONFIG", help="The YAML file, with a search; not with --resume.", show_default=False),
    ] = None,
    changes: SetOption = None,
    trials: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Trials in all, instead of the config's.")
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, metavar="N", help="Trials to train at a time, one core each.")] = 1,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Where to save; by default sweeps/NAME-001.")] = None,
    resume: Annotated[Path | None, typer.Option(metavar="SWEEP", help="Go on with the sweep in this folder.")] = None,
    storage: Annotated[
        str | None,
        typer.Option(
            metavar="URL|FILE",
            help="Share the trials with all who name the same: postgresql://..., mysql+pymysql://..., redis://..., "
            "or a file; by default they are in the sweep's folder.",
        ),
    ] = None,
    lost_after: Annotated[
        float,
        typer.Option(
            "--lost-after", min=1, metavar="SECONDS", help="Take a trial again if its worker is silent for so long."
        ),
    ] = 60.0,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Show warnings and errors only, and print the best run's folder.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Find the best values of options that a config lists."""
    from mltrain.system.threads import share_cores

    share_cores(None)
    if resume is not None and (given := {"CONFIG": config, "--out": out, "--set": changes}) and any(given.values()):
        first = next(name for name, value in given.items() if value)
        raise UsageError(f"--resume goes on as the sweep began, so {first} cannot go with it; --trials can")
    _import_numpy()
    from mltrain.commands.sweep import Where, run

    changed = [*(changes or []), *([f"search.trials={trials}"] if trials is not None else [])]
    run(_terminal(quiet=quiet, json=json), config, changed, Where(out, resume, storage, jobs, lost_after))


@app.command(cls=_Command)
def predict(
    path: RunArgument = None,
    x: Annotated[
        list[str] | None,
        typer.Option("--x", metavar="VALUES", help="One row of input: 10, or 1,2,3, or age=3,kind=cat. Repeatable."),
    ] = None,
    rows: Annotated[
        str | None,
        typer.Option(
            "--input",
            metavar="FILE",
            help="Rows to predict: .csv, .tsv, .jsonl, .parquet, or - for stdin. Or an image: .png, .jpg, .tif, ...",
        ),
    ] = None,
    output: Annotated[
        str | None, typer.Option(metavar="FILE", help="Where to write them: .csv or .jsonl; by default to stdout.")
    ] = None,
    probabilities: Annotated[bool, typer.Option("--probabilities", help="Write a probability for each class.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Write the input's own columns, too.")] = False,
    model: ModelOption = None,
    json: JsonOption = False,
) -> None:
    """Predict new inputs with a trained network."""
    if (x is None) == (rows is None):
        raise UsageError("say what to predict: --x with the values of a row, or --input with a file of rows")
    if rows is not None:
        from mltrain.system.threads import share_cores

        share_cores(None)  # before NumPy is imported
    model = _chosen(path, model)
    if rows is not None:
        from mltrain.data.image_files import is_picture

        if is_picture(rows):
            if output is not None or probabilities or keep:
                raise UsageError("--output, --probabilities and --keep go with a file of rows, not with an image")
            from mltrain.commands import predict_image

            predict_image.run(_terminal(json=json), model, rows)
            return
        from mltrain.commands import predict_file

        predict_file.run(_terminal(json=json), model, rows, output, probabilities=probabilities, keep=keep)
        return
    if output is not None or probabilities or keep:
        raise UsageError("--output, --probabilities and --keep go with --input")
    _import_numpy()
    from mltrain.commands.predict import run

    run(_terminal(json=json), model, x or [])


@app.command(cls=_Command)
def evaluate(
    path: RunArgument = None,
    model: ModelOption = None,
    data: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Rows with their targets to measure on, instead of those held back."),
    ] = None,
    confidence: Annotated[
        float | None,
        typer.Option(metavar="SHARE", help="Add the interval of each number on other rows of the kind, such as 0.95."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Evaluate a trained network on held-out rows."""
    from mltrain.system.threads import share_cores

    share_cores(None)
    _import_numpy()
    from mltrain.commands.evaluate import run

    run(_terminal(json=json), _chosen(path, model), data, confidence)


CompareModel = Annotated[
    Path,
    typer.Argument(
        metavar="RUN|MODEL",
        help="A run by its name or folder, a model by its file, or latest.",
        show_default=False,
        autocompletion=_completer("models"),
    ),
]


@app.command(cls=_Command)
def compare(
    first: CompareModel,
    second: CompareModel,
    data: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Rows with their targets; by default those that both models held back."),
    ] = None,
    confidence: Annotated[
        float, typer.Option(metavar="SHARE", help="How sure the answer has to be.", show_default=True)
    ] = 0.95,
    json: JsonOption = False,
) -> None:
    """Say whether two models differ on the same rows.

    By a paired bootstrap of their differences and, for classes, McNemar's exact test.
    """
    from mltrain.system.threads import share_cores

    share_cores(None)
    _import_numpy()
    from mltrain.commands.compare import run

    run(_terminal(json=json), first, second, data, confidence)


@app.command(cls=_Command)
def why(
    path: RunArgument = None,
    model: ModelOption = None,
    x: Annotated[
        list[str] | None,
        typer.Option("--x", metavar="VALUES", help="Explain the prediction for a row, as in predict. Repeatable."),
    ] = None,
    rows: Annotated[
        str | None, typer.Option("--input", metavar="FILE", help="Explain those for the rows of a file, or an image.")
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Rows with their targets to explain by, instead of those held back."),
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            metavar="NAME",
            help="Show the dependence on this column. Repeatable.",
            autocompletion=_completer("columns_of_model"),
        ),
    ] = None,
    together: Annotated[bool, typer.Option("--together", help="Shuffle correlated columns as one.")] = False,
    repeats: Annotated[
        int, typer.Option("--repeats", min=1, metavar="N", help="How often each column is shuffled.", show_default=True)
    ] = 10,
    exact: Annotated[
        bool, typer.Option("--exact", help="With --x or --input: exact Shapley values, for up to ten columns.")
    ] = False,
    of: Annotated[
        str | None,
        typer.Option("--of", metavar="NAME", help="With --x or --input: explain this class or target."),
    ] = None,
    calibrate: Annotated[
        bool,
        typer.Option("--calibrate", help="Learn a temperature from validation rows, or --data, and save it."),
    ] = False,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Draw pictures of it, too, into this folder.")] = None,
    json: JsonOption = False,
) -> None:
    """Say why a model predicts what it predicts.

    Which columns it uses and how, and whether its probabilities can be trusted; with --x or --input, what each column
    adds to one prediction.
    """
    from mltrain.system.threads import share_cores

    share_cores(None)
    if x is not None and rows is not None:
        raise UsageError("--x explains a row, --input the rows of a file; choose one of them")
    one = x is not None or rows is not None
    about_model = {"--column": columns, "--together": together, "--calibrate": calibrate}
    if one and (given := [name for name, value in about_model.items() if value]):
        raise UsageError(f"{given[0]} is about the whole model; leave --x and --input out")
    if not one and (given := [name for name, value in {"--exact": exact, "--of": of}.items() if value]):
        raise UsageError(f"{given[0]} is about a prediction; name a row with --x, or a file of rows with --input")
    _import_numpy()
    path = _chosen(path, model)
    from mltrain.commands import why as command
    from mltrain.data.image_files import is_picture

    if rows is not None and is_picture(rows):
        command.run_image(_terminal(json=json), path, rows, out)
        return
    asked = command.Asked(x or (), rows, data, columns or (), together, repeats, exact, of, calibrate, out)
    command.run(_terminal(json=json), path, asked)


@app.command(cls=_Command)
def data(config: ConfigFile, changes: SetOption = None, json: JsonOption = False) -> None:
    """Show the rows of a config, and warn of suspicious data.

    Columns, classes, parts and the first rows.
    """
    _import_numpy()
    from mltrain.commands.data import run

    run(_terminal(json=json), config, changes or [])


class PictureFormat(StrEnum):
    """The file formats of pictures."""

    png = "png"
    svg = "svg"
    pdf = "pdf"


@app.command(cls=_Command)
def plot(
    path: RunArgument = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Where to save; by default RUN/plots.")] = None,
    form: Annotated[PictureFormat | None, typer.Option("--format", help="Kind of files; by default png.")] = None,
    dark: Annotated[bool, typer.Option("--dark", help="Light on a dark ground.")] = False,
    in_text: Annotated[bool, typer.Option("--terminal", help="Draw right here, in text; no files.")] = False,
    moving: Annotated[bool, typer.Option("--animate", help="A GIF of the learning, from fit --frames.")] = False,
    number: Annotated[
        int | None,
        typer.Option("--image", metavar="N", help="Only what the network sees of a held-back image, from 0."),
    ] = None,
    file: Annotated[
        str | None, typer.Option("--input", metavar="FILE", help="The same of an image file: .png, .jpg, .tif, ...")
    ] = None,
    model: ModelOption = None,
    json: JsonOption = False,
) -> None:
    """Draw the learning curves and the predictions of a run, or a sweep.

    Every picture that applies to the run, or to the sweep whose folder is named.
    """
    if in_text + moving + (form is not None) > 1:
        raise UsageError(
            "--terminal draws in text, --animate a GIF, --format says which other files; choose one of them"
        )
    if number is not None and file is not None:
        raise UsageError("--image takes one of the dataset's images, --input a file; choose one of them")
    image = file if number is None else number
    path = _chosen(path, model)
    if moving and image is not None:
        raise UsageError("--animate draws the training; leave --image and --input out")
    if moving:
        from mltrain.commands.plot import animate

        animate(_terminal(json=json), path, out=out, dark=dark)
        return
    if in_text:
        from mltrain.commands.plot_terminal import run as draw

        draw(_terminal(json=json), path, image)
        return
    from mltrain.commands.plot import run

    run(_terminal(json=json), path, out=out, form=(form or PictureFormat.png).value, dark=dark, image=image)


@app.command(cls=_Command)
def report(
    path: RunArgument = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Where to save; by default RUN/report.html.")] = None,
    model: ModelOption = None,
    json: JsonOption = False,
) -> None:
    """Write one HTML page about a run, or a sweep.

    Results, pictures, data, model, config, and how to do it again. Name a sweep by its folder.
    """
    from mltrain.commands.report import run

    run(_terminal(json=json), _chosen(path, model), out=out)


@app.command(cls=_Command)
def export(
    path: RunArgument = None,
    to: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="FORMAT",
            help="The format: list them with mltrain explain export.",
            show_default=False,
            autocompletion=_completer("export_formats"),
        ),
    ] = "",
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to write; by default NAME and the format's suffix, here.")
    ] = None,
    inputs: Annotated[
        str | None,
        typer.Option(metavar="columns|matrix", help="Take cells of a table, or the numbers that the network reads."),
    ] = None,
    quantize: Annotated[str | None, typer.Option(metavar="int8", help="With c: store each weight in one byte.")] = None,
    no_numpy: Annotated[
        bool, typer.Option("--no-numpy", help="With python: a file that needs Python itself and nothing else.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", "--overwrite", help="Write over a file that is there.")] = False,
    model: ModelOption = None,
    json: JsonOption = False,
) -> None:
    """Write a model as a file that runs without mltrain.

    Preprocessing, names of classes and a self-test are in it.
    """
    if not to:
        raise UsageError("say which format: --to FORMAT; list them with: mltrain explain export")
    _import_numpy()
    from mltrain.commands.export import run

    given = {"inputs": inputs, "quantize": quantize, "no_numpy": no_numpy or None}
    options = {name: value for name, value in given.items() if value is not None}
    run(_terminal(json=json), _chosen(path, model), to, out=out, force=force, options=options)


@app.command(cls=_Command)
def serve(
    path: Annotated[
        Path | None,
        typer.Argument(
            metavar="[RUN|MODEL|FOLDER]",
            help="A run or a model file, or a folder of them; by default the newest run.",
            autocompletion=_completer("models"),
        ),
    ] = None,
    port: Annotated[
        int, typer.Option(min=0, max=65535, metavar="N", help="Where to listen; 0 chooses a free port.")
    ] = 8000,
    host: Annotated[
        str,
        typer.Option(metavar="ADDRESS", help="The address to listen at; one that others can reach takes a token."),
    ] = "127.0.0.1",
    token_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A file with the token that each request must bring.")
    ] = None,
    allowed_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A name by which clients call this server; may be given several times."),
    ] = None,
    default: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of a folder: the model to ask by default, or else the newest.")
    ] = None,
    max_body: Annotated[int, typer.Option(min=1, metavar="MB", help="The largest body of a request.")] = 16,
    max_bodies: Annotated[
        int, typer.Option(min=1, metavar="MB", help="The bodies of all requests that are held at a time.")
    ] = 256,
    max_rows: Annotated[int, typer.Option(min=1, metavar="N", help="The most rows of a request.")] = 100_000,
    timeout: Annotated[float, typer.Option(min=0.01, metavar="SECONDS", help="How long a request may take.")] = 30.0,
    queue: Annotated[int, typer.Option(min=0, metavar="N", help="How many requests may wait for a thread.")] = 64,
    model: ModelOption = None,
) -> None:
    """Answer requests over HTTP with the predictions of a model.

    POST rows to /predict as JSON, CSV, JSON Lines or an image. A model file that is replaced is taken over between two
    requests.
    """
    from mltrain.system.threads import share_cores

    share_cores(None)
    _import_numpy()
    from mltrain.commands.serve import run

    run(
        _terminal(),
        _chosen(path, model),
        host=host,
        port=port,
        token_file=token_file,
        hosts=allowed_host or [],
        default=default,
        most_megabytes=max_body,
        most_megabytes_together=max_bodies,
        most_rows=max_rows,
        seconds=timeout,
        queue=queue,
    )


class _ListByDefault(_FitsTheTerminal, typer.core.TyperGroup):
    """``mltrain runs``: a word that is no command of it is the folder that ``list`` takes."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ctx.help_option_names):
            args = ["list", *args]
        return super().parse_args(ctx, args)


runs = typer.Typer(
    cls=_ListByDefault,
    help="List runs, compare two of them, or delete some.",
    subcommand_metavar="[DIR|COMMAND] [ARGS]...",
    rich_markup_mode=None,
)
app.add_typer(runs, name="runs")

RunName = Annotated[
    Path,
    typer.Argument(
        metavar="RUN",
        help="A run by its name or folder, or latest.",
        show_default=False,
        autocompletion=_completer("runs"),
    ),
]


@runs.command("list", cls=_Command)
def list_runs(
    folder: Annotated[Path | None, typer.Argument(metavar="[DIR]", help="Their folder, or that of a sweep.")] = None,
    sort: Annotated[
        str,
        typer.Option(
            metavar="COLUMN",
            help="run, when, config, rows, parameters, best, epochs or time.",
            autocompletion=_completer("columns_to_sort_by"),
        ),
    ] = "when",
    reverse: Annotated[bool, typer.Option("--reverse", help="The largest, or latest, first.")] = False,
    json: JsonOption = False,
) -> None:
    """List the runs of a folder; "mltrain runs" is short for it.

    Sweeps are listed below them, and of the folder of one sweep its trials.
    """
    from mltrain.commands.runs import run

    run(_terminal(json=json), folder, sort=sort, reverse=reverse)


@runs.command("diff", cls=_Command)
def diff_runs(old: RunName, new: RunName, json: JsonOption = False) -> None:
    """Show the differences between two runs.

    In their configs and in their results.
    """
    from mltrain.commands.runs_diff import run

    run(_terminal(json=json), old, new)


@runs.command("rm", cls=_Command)
def remove_runs(
    folders: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN...",
            help="Runs by their names or folders, or latest.",
            show_default=False,
            autocompletion=_completer("runs"),
        ),
    ],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete the files that mltrain wrote to the folders of runs."""
    from mltrain.commands.runs_rm import run

    run(_terminal(), folders, yes=yes)


@app.command(cls=_Command)
def summary(
    path: Annotated[
        Path | None,
        typer.Argument(
            metavar="[CONFIG|RUN|MODEL]",
            help="A config, or a run or model; by default the newest run.",
            autocompletion=_completer("configs_or_models"),
        ),
    ] = None,
    changes: SetOption = None,
    model: ModelOption = None,
    json: JsonOption = False,
) -> None:
    """Show the layers, their output shapes and parameters."""
    _import_numpy()
    from mltrain.commands.summary import run

    run(_terminal(json=json), _chosen(path, model), changes or [])


@app.command(cls=_Command)
def check(
    configs: Annotated[list[Path], typer.Argument(metavar="CONFIG...", help="The YAML files.", show_default=False)],
    changes: SetOption = None,
    json: JsonOption = False,
) -> None:
    """Show the errors and warnings of fit, without training."""
    _import_numpy()
    from mltrain.commands.check import run

    run(_terminal(json=json), configs, changes or [])


class _Framework(StrEnum):
    KERAS = "keras"
    TORCH = "torch"
    NUMPY = "numpy"


@app.command(cls=_Command)
def code(
    config: ConfigFile,
    framework: Annotated[
        _Framework | None, typer.Option(metavar="NAME", help="What the script is for: keras, torch (PyTorch) or numpy.")
    ] = None,
    changes: SetOption = None,
    weights: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN|MODEL",
            help="Start from the weights of a model, which the script reads.",
            autocompletion=_completer("models"),
        ),
    ] = None,
    data: Annotated[
        Path | None, typer.Option(metavar="FILE.npz", help="Write the rows to a file, which the script reads.")
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the script to a file.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over files that are there.")] = False,
    json: JsonOption = False,
) -> None:
    """Print the same training as a script for another framework.

    For Keras, for PyTorch, or for NumPy alone with every formula in plain sight. --weights starts from a trained model:
    with --set training.epochs=0 the script only evaluates it.
    """
    _import_numpy()
    from mltrain.commands.code import run

    run(
        _terminal(json=json),
        config,
        changes or [],
        framework.value if framework is not None else None,
        weights=weights,
        data=data,
        out=out,
        force=force,
    )


@app.command(cls=_Command)
def init(
    name: Annotated[
        str | None,
        typer.Argument(
            help="The starter to write; without it, all are listed.", autocompletion=_completer("starters_to_write")
        ),
    ] = None,
    rows: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE]", help="With the name csv or images: the table or folder to write a config for."
        ),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN", help="With the name csv: the column to predict.", autocompletion=_completer("columns")
        ),
    ] = None,
    regression: Annotated[bool, typer.Option("--regression", help="With the name csv: predict numbers.")] = False,
    classes: Annotated[bool, typer.Option("--classes", help="With the name csv: predict classes.")] = False,
    header: Annotated[
        bool | None,
        typer.Option("--header/--no-header", help="Whether the table's first line names its columns."),
    ] = None,
    delimiter: Annotated[
        str | None, typer.Option(metavar="CHAR", help="What separates the table's cells; ' ' for blanks.")
    ] = None,
    encoding: Annotated[str | None, typer.Option(metavar="NAME", help="How the table's text is encoded.")] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Where to write; by default NAME.yaml here.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
) -> None:
    """List the starter configs, or write one."""
    from mltrain.commands.init import run
    from mltrain.errors import UsageError

    if regression and classes:
        raise UsageError("--regression and --classes: a target is predicted as one of the two")
    task: Literal["regression", "classes"] | None = "regression" if regression else "classes" if classes else None
    layout = {"header": header, "delimiter": delimiter, "encoding": encoding}
    layout = {option: value for option, value in layout.items() if value is not None}
    run(_terminal(), name, out, force=force, rows=rows, target=target, layout=layout, task=task)


@app.command(cls=_Command)
def explain(
    name: Annotated[
        str | None,
        typer.Argument(
            help="What to explain; without it, everything is listed.", autocompletion=_completer("names_to_explain")
        ),
    ] = None,
) -> None:
    """Explain a layer, a loss, or any other name of a config."""
    _import_numpy()
    from mltrain.commands.explain import run

    run(_terminal(), name)


@app.command(cls=_Command)
def schema() -> None:
    """Print the JSON Schema of configs, for editors."""
    from mltrain.commands.schema import run

    run(_terminal())


def _chosen(argument: Path | None, option: Path | None) -> Path | None:
    """The run or model that was named, in either of the two ways; None stands for the newest."""
    from mltrain.commands.naming import chosen

    return chosen(argument, option)


def _import_numpy() -> None:
    """Import NumPy before the modules that need it.

    At the end of a chain of imports, the stack may be so deep that each call crosses the edge of a block of CPython's
    stack. Parts of NumPy then take 20 times as long to import (seen with Python 3.11).
    """
    import numpy  # noqa: F401


def _terminal(**options: Any) -> "Terminal":
    from mltrain.views.terminal.terminal import Terminal

    return Terminal(**options)


def main() -> None:
    """The ``mltrain`` command. Errors that are meant for the user become one message and an exit code."""
    open_closed()
    stdout = sys.stdout
    sys.stdout = cast(TextIO, MustArrive(stdout))
    try:
        code = _run()
        sys.stdout.flush()
    except BrokenPipeError:
        # The pipe was closed, as in `mltrain explain | head`. A closed pipe is not reported.
        silence(stdout)
        code = 1
    except OutputLost as error:
        _terminal().error(f"the output: cannot be written: {error}")
        code = StorageError.exit_code
    except OSError as error:
        _terminal().error(f"{error.filename or 'a file'}: cannot be read or written: {reason(error)}")
        code = StorageError.exit_code
    finally:
        sys.stdout = stdout
    sys.exit(code)


def _run() -> int:
    try:
        try:
            with _words_of_the_shell():
                code = app(standalone_mode=False)
        finally:
            sys.stdout.flush()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    except (MltrainError, MemoryError, KeyboardInterrupt, _CommandLineError) as error:
        return _failed(error)
    if code == _INTERRUPTED:  # Typer raises this on Ctrl-C
        return _failed(KeyboardInterrupt())
    return code if isinstance(code, int) else 0


def _words_of_the_shell() -> AbstractContextManager[None]:
    """What it takes to answer a shell that asks for completions in a way that Typer does not understand."""
    if os.environ.get("_MLTRAIN_COMPLETE") != "complete_bash":
        return nullcontext()
    from mltrain.commands.completion import as_bash_divides

    return as_bash_divides()


def _failed(error: BaseException) -> int:
    """Report why the command failed; returns its exit code."""
    from mltrain.commands.failure import fail, fail_as_data, fail_in_words, fail_with_usage, options_like

    if isinstance(error, MltrainError):
        return fail(error)
    if isinstance(error, MemoryError):
        return fail_in_words("NotEnoughMemory", f"not enough memory: {error}", 3)
    if isinstance(error, KeyboardInterrupt):
        return fail_in_words("Interrupted", "interrupted", _INTERRUPTED)
    unread: Any = error
    ctx = getattr(unread, "ctx", None)
    if ctx is None or unread.message == ctx.get_help():  # a command without its arguments shows its help
        unread.show()
    else:
        if hasattr(unread, "possibilities"):  # for an unknown option; Typer's own suggestions are less exact
            options = [name for parameter in ctx.command.params for name in parameter.opts]
            unread.possibilities = options_like(unread.option_name, options)
        ctx.terminal_width = _help_width()
        fail_with_usage(ctx.get_usage(), f"{ctx.command_path} {ctx.help_option_names[0]}", unread.format_message())
    return fail_as_data("UsageError", unread.format_message(), unread.exit_code)
