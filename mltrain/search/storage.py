"""The trials of a sweep in a storage of Optuna, which several processes and machines share.

All trials are there from the beginning, waiting. A worker takes one by changing its state, which the storage grants to
one worker only, and writes the result to it. A trial whose worker is lost waits again with the values that it had, so
none is lost, and none is finished twice.
"""

import contextlib
import hashlib
import json
import math
import os
import sys
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from msgspec.structs import replace

from mltrain.config import Config
from mltrain.config.dump import to_yaml
from mltrain.config.search_space import ConfigOfSweep, Parameter, grid_of
from mltrain.errors import MltrainError, StorageError, UsageError
from mltrain.system.extras import needed
from mltrain.system.locks import wait_for

_PAUSE = 0.05
"""Seconds between two looks for what another process is about to write."""

_BLOCK = 4096

_ATTEMPTS = 5
"""How often to try to create the tables of a database."""

_SCHEMES = {"postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql"}
"""Beginnings of URLs that name no driver, and what they stand for."""

_DRIVERS = {
    "postgresql+psycopg": ("psycopg", "psycopg[binary]"),
    "postgresql+psycopg2": ("psycopg2", "psycopg2-binary"),
    "mysql+pymysql": ("pymysql", "pymysql"),
    "mysql+mysqldb": ("MySQLdb", "mysqlclient"),
    "mysql+mysqlconnector": ("mysql", "mysql-connector-python"),
    "sqlite": ("sqlite3", ""),
    "redis": ("redis", "redis"),
    "rediss": ("redis", "redis"),
}
"""The module of the driver that each kind of storage takes, and the package to install."""

_OF_STORAGES = ("optuna", "sqlalchemy", "psycopg", "pymysql", "MySQLdb", "mysql", "redis")
"""Packages whose exceptions are about a storage."""


class _FileLock:
    """The lock of a journal file, in the form that Optuna asks for; the system releases it when its holder is killed.

    Optuna's own locks are files that stay, so that all others would wait for half a minute.
    """

    def __init__(self, journal: str):
        self._path, self._handle = f"{journal}.lock", -1

    def acquire(self) -> bool:
        self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        wait_for(self._handle)
        return True

    def release(self) -> None:
        os.close(self._handle)


def _journal_file(journal: Any, path: str) -> Any:
    """Optuna's journal in a file; a line that was cut off by a power failure is removed, as its write never ended."""
    lock = journal.JournalFileOpenLock(path) if sys.platform == "win32" else _FileLock(path)

    class Backend(journal.JournalFileBackend):  # type: ignore[misc]
        def append_logs(self, logs: list[dict[str, Any]]) -> None:
            text = "".join(f"{json.dumps(log, separators=(',', ':'))}\n" for log in logs)
            lock.acquire()
            try:
                with Path(path).open("ab") as file:
                    file.write(text.encode())
            finally:
                lock.release()

    backend = Backend(path, lock_obj=lock)
    lock.acquire()
    try:
        with Path(path).open("rb+") as file:
            if (whole := _whole_lines(file)) is not None:
                file.truncate(whole)
    finally:
        lock.release()
    return backend


def _whole_lines(file: BinaryIO) -> int | None:
    """How many bytes of a journal are whole lines; None if all are."""
    size = file.seek(0, os.SEEK_END)
    start = size
    tail = b""
    while start and b"\n" not in tail:
        start = max(0, start - _BLOCK)
        file.seek(start)
        tail = file.read(size - start)
    return None if not size or tail.endswith(b"\n") else start + tail.rfind(b"\n") + 1


@dataclass(frozen=True)
class Trial:
    """One trial. ``state`` is waiting, running, complete, pruned or failed.

    ``value`` is the number to judge by, where there is one; of a pruned trial it is the last one before its end.
    ``result`` has the epochs, the seconds, all numbers, or the error, once the trial is finished.
    """

    number: int
    state: str
    values: Mapping[str, Any]
    value: float | None
    result: Mapping[str, Any]
    mark: Any = field(default=None, compare=False)

    @property
    def is_finished(self) -> bool:
        return self.state in ("complete", "pruned", "failed")


@dataclass
class Sweep(ConfigOfSweep):
    """The sweep of a config in a storage: a URL, or the path of a journal file. Workers open it themselves.

    ``worker`` names the command that the worker belongs to; a trial is lost if nothing was heard of it for
    ``lost_after`` seconds. ``is_shared``: other commands may work on the sweep at the same time.
    """

    config: Config
    storage: str
    worker: str
    lost_after: float
    is_shared: bool
    _heard: dict[int, tuple[Any, float]] = field(default_factory=dict, init=False)
    _waiting: list[int] = field(default_factory=list, init=False)

    def __reduce__(self) -> Any:  # a worker that is spawned has its own connections
        return type(self), (self.config, self.storage, self.worker, self.lost_after, self.is_shared)

    @cached_property
    def count(self) -> int:
        """How many trials there are to be."""
        return len(self._grid) if self.search.sampler == "grid" else self.search.trials

    @property
    def points(self) -> int:
        """How many points the grid has; 0 without one."""
        return math.prod(len(one.grid) for one in self.parameters) if self.search.sampler == "grid" else 0

    @cached_property
    def _grid(self) -> list[dict[str, Any]]:
        return list(islice(grid_of(self.parameters), self.search.trials))

    @cached_property
    def _optuna(self) -> Any:
        return import_optuna("mltrain sweep")

    @cached_property
    def _storage(self) -> Any:
        journal = needed("optuna.storages.journal", "mltrain sweep", "search")
        if "://" in self.storage:
            scheme, rest = self.storage.split("://", 1)
            scheme = _SCHEMES.get(scheme, scheme)
            if scheme not in _DRIVERS:
                raise UsageError(
                    f"{scheme}://...: expected postgresql://, mysql://, redis:// or sqlite://, or the path of a file"
                )
            module, package = _DRIVERS[scheme]
            if find_spec(module) is None:
                raise UsageError(
                    f"{scheme}://...: needs the package {module}; install it with: pip install '{package}'"
                )
            if scheme in ("redis", "rediss"):
                return journal.JournalStorage(journal.JournalRedisBackend(self.storage))
            return self._database(f"{scheme}://{rest}")
        return journal.JournalStorage(_journal_file(journal, self.storage))

    def _keep(self) -> None:
        """Wait until a journal file is on the disk. Optuna would do so for each line, which is eight times a trial."""
        if "://" not in self.storage:
            with Path(self.storage).open("ab") as file:
                os.fsync(file.fileno())

    def _database(self, url: str) -> Any:
        """The storage in a database. Two commands that begin at the same time may both try to create its tables."""
        attempt = 0
        while True:
            try:
                database = self._optuna.storages.RDBStorage(url, engine_kwargs={"pool_pre_ping": True})
            except Exception as error:
                attempt += 1
                if attempt == _ATTEMPTS or not _is_about_tables(error):
                    raise
                time.sleep(_PAUSE * 4)
            else:
                return self._optuna.storages.get_storage(database)

    @cached_property
    def _id(self) -> int:
        return int(self._storage.get_study_id_from_name(self._name))

    @property
    def _name(self) -> str:
        return str(self.config.name)

    def begin(self) -> None:
        """Create the sweep, or join it if it is there. Raises `UsageError` if it is that of another config."""
        with self.reaching():
            direction = "maximize" if self.rises else "minimize"
            same = _digest(self.config)
            try:
                study = self._optuna.create_study(storage=self._storage, study_name=self._name, direction=direction)
                study.set_user_attr("config", same)
            except self._optuna.exceptions.DuplicatedStudyError:
                if self._config_there() != same:
                    raise UsageError(
                        f"the storage has a sweep '{self._name}' of another config, or of other data; go on with that "
                        "one, or give this one another name: --set name=..."
                    ) from None
            study = self._study()
            for _ in range(self.count - len(study.get_trials(deepcopy=False))):
                study.add_trial(self._optuna.trial.create_trial(state=self._optuna.trial.TrialState.WAITING))
            self._keep()

    def _config_there(self) -> str | None:
        """Whose sweep it is; another command may be creating it at this moment."""
        for _ in range(100):
            if (there := self._study().user_attrs.get("config")) is not None:
                return str(there)
            time.sleep(_PAUSE)
        return None

    def _study(self, number: int = 0) -> Any:
        """The study, with the sampler of a trial: it depends on the seed and on the trial's number only."""
        samplers, pruners, search = self._optuna.samplers, self._optuna.pruners, self.search
        seed = int(np.random.SeedSequence([self.config.seed, number]).generate_state(1)[0])
        if search.sampler == "tpe":
            sampler = samplers.TPESampler(seed=seed, constant_liar=True)
        else:
            sampler = samplers.RandomSampler(seed=seed)
        most = search.folds or max(1, self.config.training.epochs)
        pruner = {
            "none": pruners.NopPruner,
            "median": pruners.MedianPruner,
            "hyperband": lambda: pruners.HyperbandPruner(min_resource=1, max_resource=most),
        }[search.prune]()
        return self._optuna.load_study(study_name=self._name, storage=self._storage, sampler=sampler, pruner=pruner)

    def trials(self) -> list[Trial]:
        """All trials of the plan, by their numbers."""
        with self.reaching():
            return [self._trial(one) for one in self._all() if one.number < self.count]

    def _all(self, *states: Any) -> Any:
        return self._storage.get_all_trials(self._id, deepcopy=False, states=states or None)

    def _trial(self, one: Any) -> Trial:
        state = {"FAIL": "failed"}.get(one.state.name, one.state.name.lower())
        attributes = one.user_attrs
        value = one.value if state in ("complete", "pruned") else None
        values = {name.path: one.params[name.path] for name in self.parameters if name.path in one.params}
        texts = {one.path: one for one in self.parameters}
        shown = {
            path: value if texts[path].range is None else texts[path].number(value) for path, value in values.items()
        }
        mark = (one.datetime_start, attributes.get("beat"))
        return Trial(one.number, state, shown, value, attributes.get("result", {}), mark)

    def best(self, trials: Sequence[Trial]) -> Trial | None:
        """The complete trial with the best value, the first one of equals."""
        there = [one for one in trials if one.state == "complete" and one.value is not None]
        if not there:
            return None
        return (max if self.rises else min)(there, key=lambda one: one.value or 0.0)

    def take(self) -> "Taken | None":
        """The next waiting trial, with its values; None if there is none."""
        states = self._optuna.trial.TrialState
        if not self._waiting:  # reading what waits takes a database some time, so it is read once for many trials
            found = (one.number for one in self._all(states.WAITING))
            self._waiting = sorted((number for number in found if number < self.count), reverse=True)
        while self._waiting:
            number = self._waiting.pop()
            if self._set_state(number, states.RUNNING):
                identity = self._identity(number)
                if self.is_shared:
                    self._storage.set_trial_user_attr(identity, "beat", [self.worker, 0])
                if self.search.sampler == "grid":
                    self._storage.set_trial_system_attr(identity, "fixed_params", self._grid[number])
                study = self._study(number)
                trial = self._optuna.trial.Trial(study, identity)
                values = {parameter.path: _suggested(trial, parameter) for parameter in self.parameters}
                return Taken(self, number, values, study, trial, identity)
        return None

    def _identity(self, number: int) -> int:
        return int(self._storage.get_trial_id_from_study_id_trial_number(self._id, number))

    def _set_state(self, number: int, state: Any) -> bool:
        """Whether the trial has this state now by this call; not if another worker was faster."""
        try:
            return bool(self._storage.set_trial_state_values(self._identity(number), state))
        except self._optuna.exceptions.UpdateFinishedTrialError:
            return False

    def give_back(self, trials: Sequence[Trial]) -> None:
        """Let running trials wait again."""
        with self.reaching():
            for one in trials:
                self._set_state(one.number, self._optuna.trial.TrialState.WAITING)

    def lost(self, trials: Sequence[Trial]) -> list[Trial]:
        """Running trials of which nothing was heard for too long, by the clock of this process."""
        now, lost = time.monotonic(), []
        for one in trials:
            if one.state == "running":
                mark, since = self._heard.get(one.number, (None, now))
                if mark != one.mark:
                    self._heard[one.number] = one.mark, now
                elif now - since > self.lost_after:
                    lost.append(one)
        return lost

    def own(self, trials: Sequence[Trial]) -> list[Trial]:
        """The running trials of this command's workers."""
        running = [one for one in trials if one.state == "running"]
        return (
            [one for one in running if (one.mark[1] or [self.worker])[0] == self.worker] if self.is_shared else running
        )

    @contextlib.contextmanager
    def reaching(self) -> Iterator[None]:
        """Errors of the storage as `StorageError`, without what its URL may tell."""
        try:
            yield
        except MltrainError:
            raise
        except Exception as error:
            package = type(error).__module__.partition(".")[0]
            if not (package in _OF_STORAGES or isinstance(error, OSError | ImportError)):
                raise
            where = self.storage if "://" not in self.storage else f"{self.storage.partition('://')[0]}://..."
            lines = [line for line in str(error).strip().splitlines() if line.strip()] or [type(error).__name__]
            raise StorageError(f"{where}: the storage of the sweep cannot be reached: {lines[0]}") from error


@dataclass
class Taken:
    """A trial that this worker has taken, with the values of its parameters."""

    sweep: Sweep
    number: int
    values: Mapping[str, Any]
    _study: Any
    _trial: Any
    _identity: int
    _beats: int = 0
    _due: float = 0.0

    def beat(self) -> None:
        """Tell from time to time that the trial goes on."""
        if (now := time.monotonic()) >= self._due:
            if self._due:
                self._beats += 1
                self.sweep._storage.set_trial_user_attr(self._identity, "beat", [self.sweep.worker, self._beats])
            self._due = now + self.sweep.lost_after / 6

    def is_poor(self, step: int, value: float) -> bool:
        """Whether the pruner ends the trial, at an epoch or fold of this value."""
        if self.sweep.search.prune == "none":
            return False
        self._trial.report(value, step)
        return bool(self._trial.should_prune())

    def finish(self, state: str, result: Mapping[str, Any], value: float | None = None) -> bool:
        """Write the result; False if the trial was taken from this worker meanwhile, and finished by another."""
        optuna = self.sweep._optuna
        states = {"complete": "COMPLETE", "pruned": "PRUNED", "failed": "FAIL"}
        try:
            self.sweep._storage.set_trial_user_attr(self._identity, "result", dict(result))
            given = value if state == "complete" and value is not None and math.isfinite(value) else None
            self._study.tell(self._trial, given, state=optuna.trial.TrialState[states[state]])
            self.sweep._keep()
        except (optuna.exceptions.UpdateFinishedTrialError, ValueError):
            return False
        return True

    def give_back(self) -> None:
        self.sweep._set_state(self.number, self.sweep._optuna.trial.TrialState.WAITING)


def _is_about_tables(error: Exception) -> bool:
    """Whether another command created the tables of a database at the same moment."""
    kind = type(error).__name__
    return kind in ("IntegrityError", "ProgrammingError") or (kind == "OperationalError" and "exists" in str(error))


def import_optuna(what: str) -> Any:
    """Optuna, without its log and its warnings. Raises `DataError` if it is not installed; ``what`` needs it."""
    optuna = needed("optuna", what, "search")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    # A trial that is taken again reports the same values again.
    warnings.filterwarnings("ignore", message="The reported value is ignored", category=UserWarning)
    return optuna


def distribution_of(one: Parameter) -> Any:
    """The values that a parameter may have, as a distribution of Optuna."""
    distributions = needed("optuna.distributions", "mltrain sweep", "search")
    if one.range is None:
        return distributions.CategoricalDistribution(one.texts)
    low, high, step, log = one.range.min, one.range.max, one.range.step, one.range.scale == "log"
    if step is not None:
        high = float(one.grid[-1])  # where steps do not end at max, Optuna would warn
    if one.whole:
        return distributions.IntDistribution(int(low), int(high), step=int(step or 1), log=log)
    return distributions.FloatDistribution(low, high, step=step, log=log)


def _suggested(trial: Any, one: Parameter) -> Any:
    kind = distribution_of(one)
    if one.range is None:
        return trial.suggest_categorical(one.path, kind.choices)
    suggest = trial.suggest_int if one.whole else trial.suggest_float
    return one.number(suggest(one.path, kind.low, kind.high, step=kind.step, log=kind.log))


def _digest(config: Config) -> str:
    """What two commands must have in common to share a sweep: all but the number of trials and where files are."""
    assert config.search is not None
    shared = replace(config, search=replace(config.search, trials=1), dataset=config.dataset.without_paths())
    return hashlib.sha256(to_yaml(shared).encode()).hexdigest()[:16]
