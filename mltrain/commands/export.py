"""``mltrain export``: a model as a file that runs without mltrain."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mltrain.config.config_files import read_text
from mltrain.config.load import read_words
from mltrain.config.source_positions import SourcePositions
from mltrain.errors import ConfigError, UsageError
from mltrain.export.base import Exported, Format, Subject, chosen_format, refusals
from mltrain.export.examples import examples_of, ranges_of, rows_of
from mltrain.inference.model import Model
from mltrain.inference.steps import inference_steps
from mltrain.runs.run import CONFIG, find_model, read_model
from mltrain.system.atomic_folder import current_file
from mltrain.system.files import refuse_inputs, write_files
from mltrain.views.terminal.number_format import data_size
from mltrain.views.terminal.terminal import Terminal
from mltrain.views.terminal.views import verbatim


def run(
    terminal: Terminal, path: Path | None, to: str, *, out: Path | None, force: bool, options: Mapping[str, Any]
) -> None:
    """Write the model in the format ``to``, whose ``options`` are those that were given."""
    form = chosen_format(to, options)
    file = find_model(path)
    model, dataset, folder = read_model(file)
    if path is None:
        terminal.note(f"model {file}")
    try:
        steps = inference_steps(model)
        if form.inputs == "matrix":
            steps = steps.as_matrix()
        if problems := list(refusals(form, steps)):
            raise ConfigError(problems)
    except ConfigError as error:
        raise _located(error, file, model) from None
    main = Path(f"{steps.name}{form.suffix}")
    if out is not None:
        main = out / main if out.is_dir() else out
    rows, why = rows_of(model, dataset, folder)
    subject = Subject(model, steps, str(file), examples_of(model, rows), ranges_of(model, rows), rows, why)
    exported = form.write(subject)
    files = _names(form, main, exported)
    for target in files:
        refuse_inputs(target, [file])
        if target.exists() and not force:
            raise UsageError(f"{target}: is there already; write over it with --force, or name another file with --out")
    write_files(files)
    _show(terminal, form, files, exported, main, made_up=why if subject.examples.made_up else "")


def _names(form: Format, main: Path, exported: Exported) -> dict[Path, bytes]:
    """The files with their contents: the main one as it is named, the others beside it."""
    first, *others = exported.files
    stem = main.name.removesuffix(first) if main.name.endswith(first) else main.stem
    beside = {main.with_name(stem + form.beside(suffix, main)): exported.files[suffix] for suffix in others}
    return {main: exported.files[first]} | beside


def _self_test(exported: Exported, main: Path) -> str:
    """The command that runs the self-test, for a shell."""
    file, stem = shlex.quote(str(main)), shlex.quote(str(main.with_suffix("")))
    program = stem if main.is_absolute() else f"./{stem}"
    return exported.self_test.format(file=file, stem=stem, program=program)


def _located(error: ConfigError, file: Path, model: Model) -> ConfigError:
    """The error with the lines of the run's config, where the model has one beside it."""
    config = current_file(file.parent, CONFIG)
    if config is not None:
        try:
            if read_words(config).layers == model.config.layers:
                return SourcePositions(str(config), read_text(config), {}, {}).error(error.problems)
        except ConfigError:  # a config.yaml beside a model may belong to another program
            pass
    return SourcePositions(None, "", {}, {}).error(error.problems)


def _show(
    terminal: Terminal, form: Format, files: Mapping[Path, bytes], exported: Exported, main: Path, *, made_up: str
) -> None:
    test = _self_test(exported, main)
    lines = [f"{target}  {data_size(len(content))}" for target, content in files.items()]
    if made_up:
        terminal.note(f"the rows of the self-test are made up, because {made_up}")
    lines += [*exported.notes, f"test it with: {test}"]
    document = {
        "format": form.type_name(),
        "files": [{"file": str(target), "bytes": len(content)} for target, content in files.items()],
        "self_test": test,
        **exported.facts,
    }
    terminal.result(verbatim("\n".join(lines)), document)
