"""The models that a server has: one file, or a folder of them; and new versions of their files."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from mltrain.errors import MltrainError, UsageError
from mltrain.names.nearest import did_you_mean
from mltrain.runs.run import CHECKPOINT, MODEL, find_model, read_model
from mltrain.serving.refused import Refused
from mltrain.serving.served_model import ServedModel
from mltrain.system.atomic_folder import current_file

log = logging.getLogger("mltrain.serving")

Signature = tuple[int, ...]


class ModelFile:
    """A model file, and the newest version of it that could be read.

    ``problem`` says what is wrong with the file as it is now, where the version is an older one, or there is none.
    """

    def __init__(self, name: str, path: Path, loaded: Callable[[str, bool], None]):
        self.name, self.path = name, path
        self.served: ServedModel | None = None
        self.problem: str | None = None
        self._loaded = loaded
        self._seen: Signature | None = None
        self._lock = asyncio.Lock()

    async def current(self) -> ServedModel:
        """The model in the file as it is now; the last good one where the file is damaged. Raises `Refused`."""
        if self._signature() != self._seen:
            async with self._lock:  # those who wait for the first to load find it loaded
                signature = self._signature()
                if signature != self._seen:
                    await asyncio.to_thread(self.load, signature)
        if self.served is None:
            raise Refused(503, f"the model cannot be used: {self.problem}")
        return self.served

    def load(self, signature: Signature | None = None) -> None:
        """Read the file aside, and put it in the place of the version before if it can be used."""
        signature = signature or self._signature()
        try:
            model, dataset, folder = read_model(self.path)
            served = ServedModel(self.name, self.path, model, dataset, folder)
        except (MltrainError, OSError, MemoryError) as error:
            self.problem = str(error)
            kept = "" if self.served is None else "; the version before it is kept"
            log.warning("%s%s", self.problem, kept)
        else:
            if self.served is not None:
                log.info("%s: a new version is served", self.path)
            self.served, self.problem = served, None
        self._loaded(self.name, self.problem is None)
        self._seen = signature

    def _signature(self) -> Signature | None:
        """Numbers that tell the file from any other that was in its place; None if there is none."""
        try:
            status = self.path.stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


class Models:
    """Models by name. In a folder, new ones are found when they are asked for."""

    def __init__(self, path: Path | None, default: str | None, loaded: Callable[[str, bool], None]):
        """``path`` is a model, a run, or a folder of models or runs. Raises `MltrainError` if it cannot be used."""
        self._loaded = loaded
        self._files: dict[str, ModelFile] = {}
        self.default = ""
        self.folder = path if path is not None and _is_folder_of_models(path) else None
        if self.folder is None:
            file = find_model(path)
            name = file.parent.resolve().name if file.name == MODEL else file.stem
            self._files[name] = ModelFile(name, file, loaded)
        else:
            self._look()
        if not self._files:
            raise UsageError(f"{path}: holds neither models (.npz) nor runs with a {MODEL}")
        if default is not None and default not in self._files:
            raise UsageError(f"--default {default}: there is no such model{did_you_mean(default, self._files)}")
        self.default = default or max(self._files, key=self._time)
        chosen = self._files[self.default]
        chosen.load()
        if chosen.served is None:
            raise UsageError(str(chosen.problem))

    @property
    def names(self) -> list[str]:
        """The names of all models, the default one first."""
        self._look()
        return sorted(self._files, key=lambda name: (name != self.default, name))

    def file(self, name: str | None = None) -> ModelFile:
        """The file of a model. Raises `Refused`."""
        name = self.default if name is None else name
        if name not in self._files:
            self._look()
        if name not in self._files:
            raise Refused(404, f"there is no model {name!r}{did_you_mean(name, self._files)}")
        return self._files[name]

    def _look(self) -> None:
        """Find the models that are new in the folder, and forget those that are gone."""
        if self.folder is None:
            return
        try:
            entries = sorted(self.folder.iterdir())
        except OSError:
            return
        found = {}
        for entry in entries:
            if entry.suffix == ".npz" and current_file(self.folder, entry.name):
                found[entry.stem] = entry
            elif not entry.name.startswith(".") and entry.is_dir() and current_file(entry, MODEL):
                found[entry.name] = entry / MODEL
        for name, path in found.items():
            if name not in self._files or self._files[name].path != path:
                self._files[name] = ModelFile(name, path, self._loaded)
        for name in set(self._files) - set(found) - {self.default}:
            del self._files[name]

    def _time(self, name: str) -> float:
        try:
            return self._files[name].path.stat().st_mtime
        except OSError:
            return 0.0


def _is_folder_of_models(path: Path) -> bool:
    return path.is_dir() and not (current_file(path, MODEL) or current_file(path, CHECKPOINT))
