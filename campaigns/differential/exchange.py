"""What goes between mltrain's process and the peers': numbers in one .npz file, with a JSON text.

Imports NumPy alone: the peers' interpreter reads this file, and knows nothing of mltrain.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt


class Task(NamedTuple):
    """A config to train, as a peer sees it.

    ``description`` holds layers, loss and optimizer as the config names them. ``weights`` are the first ones, by layer
    and parameter, in the order of the layers. ``order`` are the row numbers of all batches, one after another:
    each batch has so many as ``counts`` says, and each step so many batches as ``groups`` says. ``importance`` is how
    often each row of x counts in the loss. ``masks`` say, by the index of each dropout layer, which numbers of the rows
    of all batches stay.
    """

    description: dict[str, Any]
    x: npt.NDArray[Any]
    target: npt.NDArray[Any]
    weights: Mapping[str, npt.NDArray[Any]]
    order: npt.NDArray[Any]
    counts: npt.NDArray[Any]
    groups: npt.NDArray[Any]
    importance: npt.NDArray[Any]
    masks: Mapping[str, npt.NDArray[Any]]

    def batches(self) -> Iterator[tuple[slice, float, bool]]:
        """Of each batch its place in ``order``, its share of the rows of its step, and whether it is the last there."""
        start = 0
        for group in np.split(self.counts, np.cumsum(self.groups)[:-1]):
            for index, count in enumerate(group.tolist()):
                yield slice(start, start + count), count / int(group.sum()), index == len(group) - 1
                start += count


class Result(NamedTuple):
    """The mean loss of each batch (of each epoch, where mltrain's own loop has trained), and the last weights."""

    losses: npt.NDArray[Any]
    weights: Mapping[str, npt.NDArray[Any]]


def write_tasks(path: Path, tasks: Mapping[int, Task]) -> None:
    """Write the tasks by their numbers."""
    arrays: dict[str, npt.NDArray[Any]] = {}
    for number, task in tasks.items():
        for name, value in task._asdict().items():
            if isinstance(value, np.ndarray):
                arrays[f"{number}/{name}"] = value
            elif name != "description":
                arrays |= {f"{number}/{name}/{key}": array for key, array in value.items()}
    text = json.dumps({number: task.description for number, task in tasks.items()})
    np.savez(path, allow_pickle=False, text=np.array(text), **arrays)


def read_tasks(path: Path) -> dict[int, Task]:
    """The tasks in a file, by their numbers."""
    trees = _read(path)
    return {
        number: Task(description, masks=trees[number].pop("masks", {}), **trees[number])
        for number, description in ((int(key), value) for key, value in json.loads(str(trees["text"])).items())
    }


def write_results(path: Path, results: Mapping[tuple[int, str], Result]) -> None:
    """Write results by the number of the task and the precision."""
    arrays = {}
    for (number, precision), result in results.items():
        arrays[f"{number}/{precision}/losses"] = result.losses
        arrays |= {f"{number}/{precision}/weights/{name}": array for name, array in result.weights.items()}
    np.savez(path, allow_pickle=False, **arrays)


def read_results(path: Path) -> dict[tuple[int, str], Result]:
    """The results in a file, by the number of the task and the precision."""
    return {
        (number, precision): Result(found["losses"], found.get("weights", {}))
        for number, precisions in _read(path).items()
        for precision, found in precisions.items()
    }


def _read(path: Path) -> dict[Any, Any]:
    """The arrays of a file as a tree: their names are cut at each "/", and digits before the first one are numbers."""
    tree: dict[Any, Any] = {}
    with np.load(path, allow_pickle=False) as arrays:
        for place in arrays.files:
            first, *rest = place.split("/")
            parts = [int(first) if first.isdigit() else first, *rest]
            branch = tree
            for part in parts[:-1]:
                branch = branch.setdefault(part, {})
            branch[parts[-1]] = arrays[place]
    return tree
