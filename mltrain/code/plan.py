"""What a script is written from: a config whose rows and layers are known, and what the options of the command say."""

import builtins
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from keyword import iskeyword
from pathlib import Path

from mltrain.code.text import Expression, call, literal, statement
from mltrain.config import Config
from mltrain.data.base import Split
from mltrain.engine.activations.linear import Linear
from mltrain.engine.arrays import size
from mltrain.engine.graph import Node, execution_order
from mltrain.engine.layers.base import Layer
from mltrain.errors import ConfigPath, Problem
from mltrain.job import TrainingJob

PARTS = {"train": "train", "validation": "val", "test": "test"}
"""The parts of the rows, with their names in scripts: ``x_train``, ``x_val``, ``x_test``."""

_TAKEN = {
    *("batches", "classes", "csv", "deviation", "functional", "gzip", "history", "inputs", "keras", "loss", "math"),
    *("mean", "model", "nn", "np", "order", "output", "perceptron", "random", "rows", "shuffle", "step", "table"),
    *("test", "torch", "train", "val", "weights", "x", "y", "zlib"),
}
"""Names that scripts give to something else than a layer's output."""


@dataclass
class Plan:
    """A job with what a script about it needs to know.

    ``folder`` is where the config stands. ``weights`` is a model file to start from, ``data`` a file of rows to load.
    ``problems`` collects what cannot be expressed, by its place in the config.
    """

    job: TrainingJob
    folder: Path
    weights: Path | None = None
    data: Path | None = None
    problems: list[Problem] = field(default_factory=list)

    @property
    def config(self) -> Config:
        return self.job.config

    @property
    def nodes(self) -> Sequence[Node]:
        return self.job.network.nodes

    @cached_property
    def parts(self) -> dict[str, int]:
        """The rows of each part, by its name in scripts."""
        return {PARTS[name]: len(rows.x) for name, rows in self.job.dataset.by_name.items()}

    def split_of(self, part: str) -> Split:
        """The rows of a part, by its name in scripts."""
        return next(rows for name, rows in self.job.dataset.by_name.items() if PARTS[name] == part)

    @property
    def refits(self) -> bool:
        """Whether the script trains a second time, on all rows: with `early_stopping.refit` or `folds`."""
        training = self.config.training
        return training.epochs > 0 and training.early_stopping is not None and training.early_stopping.trains_again

    @property
    def folds(self) -> int:
        """How many networks the script trains to validate each on other rows; 0 for one and rows of its own."""
        stopping = self.config.training.early_stopping
        return (stopping and self.refits and stopping.folds) or 0

    @property
    def rows_trained_on(self) -> list[int]:
        """The rows of each training: one, or with `refits` the last one on all rows."""
        rows = self.parts["train"]
        if self.folds and self.job.folds:
            return [*(rows - len(fold) for fold in self.job.folds.folds), rows]
        return [rows, rows + self.parts["val"]] if self.refits else [rows]

    @property
    def seed_of_fold(self) -> str:
        """Code for the seed of fold ``number``."""
        return f"{self.config.seed} + number" if self.config.seed else "number"

    @property
    def evaluated(self) -> str:
        """The part that the script evaluates at its end, as ``mltrain evaluate`` does.

        After a second training the validation rows are among those trained on.
        """
        names = ("test", "train") if self.refits else ("test", "val", "train")
        return next(name for name in names if name in self.parts)

    @property
    def batch_size(self) -> int:
        """Rows of a whole batch, in the training with the most rows."""
        return self.config.training.rows_per_batch(max(self.rows_trained_on))

    @property
    def steps(self) -> int:
        """Batches of an epoch, in the training with the most rows."""
        return -(-max(self.rows_trained_on) // self.batch_size)

    @property
    def shuffled(self) -> bool:
        """Whether each epoch has an order of its own. It does not matter where all rows are one batch."""
        return self.config.training.shuffle and self.steps > 1

    @property
    def class_weights(self) -> Expression | None:
        """The weight of each class, as a list; None where all rows count the same."""
        found = self.job.class_weights
        return None if found is None else literal([float(f"{value:.7g}") for value in found.tolist()])

    def class_numbers(self, y: str, whole: str = ".astype(int)") -> str:
        """Code for the class number of each target in ``y``; ``whole`` makes integers of floats."""
        if self.config.loss.targets == "labels":
            return y
        return f"{y}.argmax(1)" if self.job.network.output_shape[-1] > 1 else f"{y}[:, 0]{whole}"

    @property
    def one_loss_a_row(self) -> bool:
        """Whether the loss gives one number a row, and not one for each output."""
        return self.config.loss.targets in ("labels", "one_hot")

    def notes(self, framework: str) -> list[str]:
        """What a framework does otherwise in every script."""
        notes = []
        if self.weights is None:
            notes.append(f"{framework} draws other first weights than mltrain, from the same distributions.")
        if any(node.layer.training_only for node in self.nodes):
            notes.append("Random layers, such as dropout, draw other numbers than mltrain's.")
        return notes

    @property
    def tracked(self) -> dict[str, str]:
        """The parameters that each epoch shows, by the labels of the config."""
        track = self.config.training.track
        return track if isinstance(track, dict) else {name: name for name in track}

    def tracked_code(self, arrays: Mapping[str, str]) -> list[str]:
        """Lines that print the tracked parameters, of which ``arrays`` has the code by their names in a model."""
        lines = []
        for label, name in self.tracked.items():
            code, text = arrays[name], literal(f"  {label}")
            is_single = self.job.network.arrays[name].size == 1
            lines.append(f"print({text}, {code}.item())" if is_single else f"print({text}, {code}.ravel())")
        return lines

    @property
    def shares_of_fold(self) -> dict[str, str]:
        """Code for what a fold's losses count in the means over all folds, by their names."""
        others = self.folds - 1
        return {
            "loss": f"len(rest) / len(order){f' / {others}' if others > 1 else ''}",
            "val_loss": "len(fold) / len(order)",
        }

    def best_of_folds(self, name: str) -> str:
        """A line that prints the best epoch, by a number's mean over all folds."""
        return f'print(f"best epoch {{best_epoch}}: {name} {{best:.6f}}")'

    @property
    def dealt(self) -> list[str]:
        """Lines that put the rows into the order in which they are dealt to folds, class by class."""
        lines = [f'order = random("folds"{seed(self.config)}).permutation(len(x_train))']
        if self.job.labels is None:
            return lines
        return [*lines, f'order = order[np.argsort({self.class_numbers("y_train[order]")}, kind="stable")]']

    @property
    def with_validation_rows(self) -> list[str]:
        """Lines that begin a second training: its rows."""
        if self.folds:
            return ["", "# again from the first weights, on all rows"]
        return [
            "",
            "# refit: again from the first weights, on the rows for validation, too",
            "x_train, y_train = np.concatenate([x_train, x_val]), np.concatenate([y_train, y_val])",
        ]

    @property
    def loaded_weights(self) -> list[str]:
        """Lines that read the arrays of the model to start from."""
        return statement(call("dict", call("np.load", literal(str(self.weights)))), "weights = ")

    @property
    def scales_targets(self) -> bool:
        """Whether the network learns scaled numbers, so that what it says has to be scaled back."""
        return self.config.loss.targets == "numbers" and not self.job.dataset.preprocessing.targets.is_identity

    @property
    def fused(self) -> str | None:
        """The activation at the end that is part of the loss."""
        return self.config.loss.fused_activation

    def activation(self, node: Node) -> Layer | None:
        """The activation that a layer carries, where it does something; not one that is part of the loss."""
        carried: Layer | None = getattr(node.layer, "activation", None)
        if carried is None or isinstance(carried, Linear) or (node is self.nodes[-1] and self.fused):
            return None
        return carried

    def is_in_loss(self, node: Node) -> bool:
        """Whether the layer itself is an activation that is part of the loss."""
        return node is self.nodes[-1] and self.fused is not None and node.layer.type_name() == self.fused

    def cannot(self, path: ConfigPath, message: str) -> str:
        """Note that something cannot be expressed. Returns code that stands in its place."""
        problem = Problem(path, message)
        if problem not in self.problems:
            self.problems.append(problem)
        return "None"

    def refuse_positions(self, framework: str) -> None:
        """Note that targets for several positions of a row are not expressed."""
        if len(self.job.network.output_shape) > 1:
            self.cannot(
                ("layers", len(self.config.layers) - 1),
                f"gives several positions a row; the {framework} script has one answer for a row",
            )

    def variable(self, name: str) -> str:
        """The name in a script of a layer's output, or of an input."""
        usable = name.isidentifier() and not iskeyword(name) and name not in _TAKEN and not hasattr(builtins, name)
        return name if usable else f"layer_{name}"

    def readers(self, name: str) -> int:
        """How many layers read a layer or input."""
        return sum(name in node.sources for node in self.nodes)

    def input_slices(self) -> dict[str, tuple[int, int, tuple[int, ...]]]:
        """For a network of several inputs: where each lies in a row, and its shape."""
        slices, start = {}, 0
        for name, (shape, _) in self.job.network.inputs.items():
            slices[name] = (start, start + size(shape), tuple(shape))
            start += size(shape)
        return slices

    @cached_property
    def execution_order(self) -> list[Node]:
        """The layers, each behind all that it reads."""
        return execution_order(self.nodes)

    def monitored(self, name: str, path: ConfigPath) -> str:
        """The number that a schedule or early stopping watches, which scripts measure if it is a loss."""
        if name not in ("loss", "val_loss"):
            self.cannot(path, f"the script measures loss and val_loss after each epoch, but not {name}")
        return name


def seed(config: Config) -> str:
    """The second argument of ``random`` for rows, where they have a seed of their own."""
    own = config.dataset.split_seed
    return "" if own is None or own == config.seed else f", {own}"


@dataclass(frozen=True)
class Written:
    """The parts of a script that a framework writes. ``helpers`` are functions and classes that may be called.

    ``output`` are lines that compute what the network gives for the evaluated rows; ``loss`` is code for their loss.

    ``weights_first``: the weights of a model are read before the network is made, and not into it.
    """

    title: str
    helpers: Mapping[str, str]
    network: list[str]
    weights: list[str]
    loss_function: list[str]
    optimizer: list[str]
    training: list[str]
    output: list[str]
    loss: str
    notes: list[str]
    weights_first: bool = False
