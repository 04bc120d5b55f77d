"""Reads a sweep from its folder: the config, the parameters, and the table of trials. No storage is asked."""

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from msgspec.structs import replace

from mltrain.config import Config
from mltrain.config.load import read_words
from mltrain.config.search_space import ConfigOfSweep, Parameter, parameters_of
from mltrain.errors import DataError, reason
from mltrain.runs.run import files_of
from mltrain.runs.sweep_folder import SWEEP, SWEEP_FILES, TRIALS, column_of, is_sweep
from mltrain.system.safe_open import open_file

Value = float | int | str
"""A value of a parameter: a number of a range, or the text of an item of a list."""


@dataclass(frozen=True)
class SavedTrial:
    """A finished trial. ``number`` counts from 1, and ``state`` is complete, pruned or failed.

    ``value`` is the number to judge by; of a pruned trial it is the last one before its end, and a failed one has none.
    """

    number: int
    state: str
    value: float | None
    values: Mapping[str, Value]
    epochs: int
    seconds: float
    error: str


@dataclass(frozen=True)
class SavedSweep(ConfigOfSweep):
    """A sweep as its folder has it: ``trials`` are those that are finished, by their numbers."""

    folder: Path
    config: Config
    trials: Sequence[SavedTrial]

    @classmethod
    def at(cls, path: Path | None) -> "SavedSweep | None":
        """The sweep in this folder; None if it is not the folder of a sweep. Raises `DataError` or `ConfigError`."""
        if path is None or not is_sweep(path):
            return None
        config = read_words(path / SWEEP)
        if config.search is None:
            raise DataError(f"{path / SWEEP}: has no section search, so it is not the config of a sweep")
        return cls(path, config, read_trials(path / TRIALS, config) if (path / TRIALS).is_file() else [])

    @property
    def portable_config(self) -> Config:
        """The config without folders of this machine."""
        return replace(self.config, dataset=self.config.dataset.without_paths())

    def trials_of(self, state: str) -> list[SavedTrial]:
        return [one for one in self.trials if one.state == state]

    @property
    def complete(self) -> list[tuple[SavedTrial, float]]:
        """The complete trials with their values."""
        return [(one, one.value) for one in self.trials_of("complete") if one.value is not None]

    @cached_property
    def ranked(self) -> Sequence[int]:
        """The places of all trials, the best first: complete ones, then pruned ones, then those that failed."""
        sign = -1 if self.rises else 1
        states = ("complete", "pruned", "failed")

        def order(place: int) -> tuple[int, float]:
            trial = self.trials[place]
            return states.index(trial.state), 0.0 if trial.value is None else sign * trial.value

        return sorted(range(len(self.trials)), key=order)

    @property
    def best(self) -> SavedTrial | None:
        """The complete trial with the best value, the first one of equals."""
        sign = -1 if self.rises else 1
        return min(self.complete, key=lambda pair: sign * pair[1], default=(None, 0.0))[0]

    @cached_property
    def planned(self) -> int:
        """How many trials the sweep is to have; those of a grid end with its points."""
        points = math.prod(len(one.grid) for one in self.parameters) if self.search.sampler == "grid" else math.inf
        return int(min(points, self.search.trials))

    @property
    def when(self) -> float:
        """When its files were written last, in seconds since 1970."""
        return max((self.folder / name).stat().st_mtime for name in (SWEEP, TRIALS) if (self.folder / name).exists())

    @property
    def inputs(self) -> list[Path]:
        """The files that are to be written over by no picture: those of the sweep, and of its dataset."""
        return [*(self.folder / name for name in SWEEP_FILES), *files_of(self.config.dataset, self.folder)]

    @property
    def seconds(self) -> float:
        """The time of all trials together."""
        return sum(one.seconds for one in self.trials)


def read_trials(path: Path, config: Config) -> list[SavedTrial]:
    """The trials in the table of a sweep. Raises `DataError` if it is not that of this config."""
    assert config.search is not None
    metric, parameters = config.search.judged_by, parameters_of(config)
    trials, line = [], 1
    try:
        with io.TextIOWrapper(open_file(path), encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            for row in reader:
                line = reader.line_num
                texts = {one: row[column_of(one.path)] for one in parameters if row.get(column_of(one.path))}
                if row["state"] not in ("complete", "pruned", "failed"):
                    raise ValueError
                value = float(row.get(metric) or "nan") if row["state"] in ("complete", "pruned") else math.nan
                trials.append(
                    SavedTrial(
                        int(row["trial"]),
                        row["state"],
                        value if math.isfinite(value) else None,
                        {one.path: _value(one, text) for one, text in texts.items()},
                        int(row["epochs"]),
                        _finite(row["seconds"]),
                        row.get("error") or "",
                    )
                )
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {reason(error)}") from error
    except (ValueError, KeyError, TypeError, csv.Error):
        raise DataError(f"{path}:{line}: is not what mltrain wrote of the trials of this sweep") from None
    return sorted(trials, key=lambda one: one.number)


def _value(one: Parameter, text: str) -> Value:
    """A value of a parameter. Raises ValueError if it is none."""
    if one.range is None:
        if text not in one.texts:
            raise ValueError(text)
        return text
    value = one.number(_finite(text))
    inside = min(max(value, one.range.min), one.range.max)
    if not math.isclose(inside, value, rel_tol=1e-9):  # values are rounded, and an end may have more digits
        raise ValueError(text)
    return inside


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value
