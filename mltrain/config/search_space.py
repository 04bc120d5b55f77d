"""The parameters of a search: which options they are, and the configs that their values make.

A parameter is named as for ``--set``, and a value of it is a text that ``--set`` reads. So a trial is the config of the
sweep with as many settings, and whatever is wrong with a parameter is what would be wrong with a setting.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice, product
from typing import Any

from msgspec.structs import replace

from mltrain.config import Config
from mltrain.config.convert import try_convert
from mltrain.config.dump import to_plain
from mltrain.config.overrides import override
from mltrain.config.search_options import Range, Search
from mltrain.config.yaml_writer import on_one_line
from mltrain.engine.metrics.base import larger_is_better
from mltrain.errors import ConfigError, Problem, UsageError

_JUDGED = ("target", "targets", "validation_split", "test_split", "split", "split_seed", "split_column", "group")
"""Options of datasets that choose the rows and numbers by which trials are judged."""

_MOST_COMBINATIONS = 64
"""Sections that are tried with each option inside of them, when parameters are checked."""


@dataclass(frozen=True)
class Parameter:
    """An option to vary: its path, and a range, or the texts of its values. ``whole``: it takes whole numbers only."""

    path: str
    range: Range | None
    texts: tuple[str, ...] = ()
    whole: bool = False

    @property
    def grid(self) -> tuple[float | int | str, ...]:
        """All values, for a grid; none if the range has no step."""
        if self.range is None:
            return self.texts
        step = self.range.step or (1.0 if self.whole and self.range.scale == "linear" else 0.0)
        count = int((self.range.max - self.range.min) / step + 1e-9) + 1 if step else 0
        return tuple(self.number(self.range.min + index * step) for index in range(count))

    def number(self, value: float) -> float | int:
        return round(value) if self.whole else float(f"{value:.12g}")  # 0.1 * 3 is 0.3


def without_search(config: Config) -> Config:
    """The config that a search varies."""
    return replace(config, search=None)


def parameters_of(config: Config) -> list[Parameter]:
    """The parameters of the config's search, sections before the options inside of them."""
    assert config.search is not None
    plain = to_plain(without_search(config), defaults=False)
    found = []
    for path, values in config.search.parameters.items():
        if isinstance(values, list):
            found.append(Parameter(path, None, tuple(map(on_one_line, values))))
            continue
        numbers = (values.min, values.max, values.step or 1.0)
        whole = all(float(number).is_integer() for number in numbers) and bool(
            _first_problem(plain, [f"{path}={values.min + 0.5!r}"])
        )
        found.append(Parameter(path, values, whole=whole))
    return sorted(found, key=lambda one: _depth(one.path))


def trial_config(config: Config, values: Mapping[str, Any]) -> Config:
    """The config of a trial, with these values of the parameters. Raises `ConfigError`."""
    settings = [f"{one.path}={values[one.path]}" for one in parameters_of(config) if one.path in values]
    return configured(to_plain(without_search(config), defaults=False), settings)


def configured(plain: dict[str, Any], settings: Sequence[str]) -> Config:
    """The config of plain data with these settings. Raises `ConfigError`."""
    changed = override(Config, plain, settings)
    config, problems = try_convert(Config, changed.data)
    if problems := [*changed.problems, *problems]:
        raise ConfigError(problems)
    return config


def search_problems(config: Config) -> list[Problem]:
    """What is wrong with the parameters of a config's search; a problem's path is that of its parameter."""
    search = config.search
    if search is None:
        return []
    refused = {path: why for path in search.parameters if (why := _refused(path, config)) is not None}
    if refused:
        return [_problem(path, why) for path, why in refused.items()]
    plain = to_plain(without_search(config), defaults=False)
    try:
        parameters = parameters_of(config)
    except UsageError as error:
        return [_problem(next(iter(search.parameters)), str(error))]
    found = []
    for one in parameters:
        around = [other for other in parameters if _is_inside(one.path, other.path)]
        combinations = product(*([f"{other.path}={text}" for text in other.texts] for other in around))
        ends = _ends(one)
        for settings in islice(combinations, _MOST_COMBINATIONS):
            problems = (_first_problem(plain, [*settings, f"{one.path}={text}"]) for text in ends)
            if (problem := next(filter(None, problems), None)) is not None:
                if settings:
                    problem = problem._replace(message=f"with {', '.join(settings)}: {problem.message}")
                found.append(_problem(one.path, problem.message))
                break
    if any(_parts(one.path)[0] == "loss" for one in parameters) and search.judged_by in ("loss", "val_loss"):
        message = "the loss is varied, and values of two losses cannot be compared; judge by a metric, such as "
        metric = config.metrics[0].type_name() if config.metrics else "mean_absolute_error"
        found.append(Problem(("search", "metric"), message + ("" if search.folds else "val_") + metric))
    if search.sampler == "grid":
        endless = [one.path for one in parameters if not one.grid]
        found += [_problem(path, "a grid has no end here; give a step, or a list of values") for path in endless]
    return found


class ConfigOfSweep:
    """What follows from the config of a sweep alone: how trials are judged, and what is varied."""

    config: Config

    @property
    def search(self) -> Search:
        assert self.config.search is not None
        return self.config.search

    @property
    def metric(self) -> str:
        """The full name of the number that trials are judged by."""
        return self.search.judged_by

    @property
    def rises(self) -> bool:
        """Whether a larger value is better."""
        return larger_is_better(self.metric)

    @cached_property
    def parameters(self) -> Sequence[Parameter]:
        return parameters_of(self.config)


def grid_of(parameters: Sequence[Parameter]) -> Iterator[dict[str, Any]]:
    """All combinations of the values, the last parameter's fastest."""
    for values in product(*(one.grid for one in parameters)):
        yield dict(zip((one.path for one in parameters), values, strict=True))


def _ends(one: Parameter) -> Sequence[str]:
    return one.texts if one.range is None else [repr(one.number(end)) for end in (one.range.min, one.range.max)]


def _first_problem(plain: dict[str, Any], settings: Sequence[str]) -> Problem | None:
    changed = override(Config, plain, settings)
    problems = changed.problems or try_convert(Config, changed.data)[1]
    return next(chain(problems), None)


def _refused(path: str, config: Config) -> str | None:
    """Why an option cannot be varied, whatever its values."""
    try:
        override(Config, {}, [f"{path}=0"])
    except UsageError:
        return "expected the path of an option, as in optimizer.learning_rate or layers.1.units"
    parts = _parts(path)
    if parts[0] == "search":
        return "a search cannot vary itself"
    if parts[0] == "name":
        return "all trials are of one config, which has one name"
    if parts[0] == "seed":
        return "the seed is what all trials have in common; mltrain fit --members varies it"
    paths = config.dataset.path_options
    if parts[0] == "dataset" and (len(parts) == 1 or parts[1] in (*paths, "type")):
        return "all trials are judged on the same rows, so where the dataset comes from cannot be varied"
    if parts[0] == "dataset" and parts[1] in _JUDGED:
        return f"all trials are judged on the same rows and targets, so {parts[1]} cannot be varied"
    values = config.search.parameters[path] if config.search else []
    texts = list(map(on_one_line, values)) if isinstance(values, list) else []
    twice = next((text for text in texts if texts.count(text) > 1), None)
    return None if twice is None else f"{twice} is in the list twice"


def _problem(path: str, message: str) -> Problem:
    return Problem(("search", "parameters", path), message)


def _parts(path: str) -> list[str]:
    return path.replace("[", ".").replace("]", "").split(".")


def _depth(path: str) -> int:
    return len(_parts(path))


def _is_inside(path: str, other: str) -> bool:
    """Whether ``other`` is a section that ``path`` is in."""
    outer = _parts(other)
    return path != other and _parts(path)[: len(outer)] == outer
