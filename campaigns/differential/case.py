"""A config with all that a peer needs to train as mltrain does: rows in their order, first weights, dropout masks."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from campaigns.differential.draw import draw_config
from mltrain.backends.base import Rows
from mltrain.config import Config
from mltrain.config.dump import to_builtins, to_plain, to_yaml
from mltrain.config.yaml_writer import write_yaml
from mltrain.engine.arrays import Floats
from mltrain.job import TrainingJob, prepare
from mltrain.random_streams import generator


@dataclass(frozen=True)
class Case:
    """One config, and the number by which it is drawn again."""

    number: int
    config: Config

    def job(self) -> TrainingJob:
        """The config made ready, with first weights: a new one each time."""
        return prepare(self.config, Path())

    @cached_property
    def rows(self) -> Rows:
        """What is trained on, with targets as the loss takes them."""
        return self.job().rows

    @cached_property
    def class_weights(self) -> Floats | None:
        """How often a row of each class counts in the loss; None where all rows count once."""
        return self.job().class_weights

    @cached_property
    def first_weights(self) -> dict[str, npt.NDArray[np.float32]]:
        return {name: array.copy() for name, array in self.job().network.arrays.items()}

    @cached_property
    def batch(self) -> int:
        """Rows of a batch; the last one of an epoch may have fewer."""
        size = self.config.training.batch_size
        assert size != "full"
        return min(size, len(self.rows.x))

    @cached_property
    def groups(self) -> list[int]:
        """How many batches make each step: the last one of an epoch may have fewer."""
        size, batches = self.config.training.gradient_accumulation, -(-len(self.rows.x) // self.batch)
        an_epoch = [min(size, batches - first) for first in range(0, batches, size)]
        return an_epoch * self.config.training.epochs

    @cached_property
    def batches(self) -> list[npt.NDArray[np.intp]]:
        """The numbers of the rows of each batch, as the training loop takes them."""
        count, training = len(self.rows.x), self.config.training
        rng = generator(self.config.seed, "shuffle")
        shuffled = training.shuffle and count > self.batch
        batches = []
        for _ in range(training.epochs):
            order = rng.permutation(count) if shuffled else np.arange(count)
            batches += [order[start : start + self.batch] for start in range(0, count, self.batch)]
        return batches

    def means_by_epoch(self, losses: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """The mean loss of each epoch, of the losses of all batches."""
        rows = np.array([len(batch) for batch in self.batches], np.float64)
        by_epoch = (self.config.training.epochs, -1)
        return (losses * rows).reshape(by_epoch).sum(axis=1) / rows.reshape(by_epoch).sum(axis=1)

    def description(self) -> dict[str, Any]:
        """The config for a peer, with every default filled in and every type spelled out; without the rows."""
        plain = to_builtins(self.config)
        return {name: plain[name] for name in ("layers", "loss", "optimizer")} | {"number": self.number}

    def yaml(self, *, rows: bool) -> str:
        """The config as a file that ``mltrain fit`` takes; the rows of its dataset only if they are wanted."""
        if rows:
            return to_yaml(self.config)
        plain = to_plain(self.config, defaults=False)
        return write_yaml({name: part for name, part in plain.items() if name != "dataset"})


def draw_case(seed: int, number: int) -> Case:
    return Case(number, draw_config(seed, number))
