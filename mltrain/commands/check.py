"""``mltrain check``: the errors and warnings of ``fit``, without training."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mltrain.commands.failure import failure
from mltrain.config.load import LocatedConfig, read_config
from mltrain.config.search_space import without_search
from mltrain.data.base import LazyDataset
from mltrain.errors import ConfigError, Diagnostic, MltrainError, Problem, for_commands
from mltrain.job import TrainingJob, prepare
from mltrain.views.terminal.terminal import Terminal
from mltrain.views.terminal.views import verbatim


def run(terminal: Terminal, configs: Sequence[Path], changes: Sequence[str]) -> None:
    """Check each config. Ends with an exit code other than 0 if fit would refuse any of them."""
    refused: list[MltrainError] = []
    verdicts: list[dict[str, Any]] = []
    diagnostics: list[Diagnostic] = []
    for path in configs:
        try:
            warnings = _check(terminal, path, changes)
        except MltrainError as error:
            terminal.error(error.for_commands)
            refused.append(error)
            verdicts.append({"config": str(path), "verdict": "refused"})
            diagnostics += [one._replace(file=one.file or str(path)) for one in error.diagnostics]
            continue
        for warning in warnings:
            terminal.warning(warning.in_words if warning.path else f"{path}: {warning.message}")
        verdicts.append({"config": str(path), "verdict": "warnings" if warnings else "ok"})
        diagnostics += warnings
        if not terminal.json:
            verdict = "ok" if not warnings else "works, but see the warnings"
            terminal.result(verbatim(f"{path}: {verdict}"), {})
    if terminal.json:
        document = {"diagnostics": [one._asdict() for one in diagnostics]}
        if refused:
            first = refused[0]
            document = failure(
                type(first).__name__, "\n".join(map(for_commands, refused)), first.exit_code, diagnostics
            )
        terminal.result(verbatim(""), {"configs": verdicts, **document})
    if refused:
        raise SystemExit(refused[0].exit_code)


def _check(terminal: Terminal, path: Path, changes: Sequence[str]) -> list[Diagnostic]:
    source = read_config(path, changes)
    if missing := source.config.dataset.download_notice(source.folder):
        terminal.note(f"{path}: {missing}; what needs its rows is not checked")
        return []
    try:
        job = prepare(without_search(source.config), source.folder, source.data, source.nodes)
        if problems := _search_problems(source, job):
            raise ConfigError(problems)
    except ConfigError as error:
        raise source.locate(error.problems) from None
    for left_out in job.dataset.notes:
        terminal.note(f"{path}: {left_out}")
    return [source.locate_warning(warning) for warning in (*job.warnings(), *job.warnings_of_trial())]


def _search_problems(source: LocatedConfig, job: TrainingJob) -> list[Problem]:
    """The errors that ``sweep`` would find."""
    config = source.config
    if config.search is None:
        return []
    from mltrain.search.sweeping import sweep_problems  # few configs have a search

    rows = LazyDataset(config.dataset, config.seed, source.folder, keeps_raw=True)
    return sweep_problems(config, job, rows.raw if config.search.folds else None)
