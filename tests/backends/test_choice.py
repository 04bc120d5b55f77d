"""Which strategy is chosen: by the work that each divides, and by what it makes the processes exchange."""

from itertools import chain
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from mltrain.backends.base import Parallelism, Rows, TrainingTask
from mltrain.backends.default import default_backend
from mltrain.backends.numpy.parallel import choice
from mltrain.backends.numpy.parallel.data_parallel import shares
from mltrain.config.convert import convert
from mltrain.config.load import load_config
from mltrain.engine.arrays import Shape
from mltrain.engine.graph import infer
from mltrain.engine.initializers.zeros import Zeros
from mltrain.engine.layers.base import Layer, Parameter
from mltrain.engine.losses.base import Loss
from mltrain.engine.network import Network
from mltrain.engine.optimizers.base import Optimizer
from mltrain.errors import DataError

CONFIGS = Path(__file__).parents[2] / "configs"


class Heavy(Layer):
    """A layer with much to do for each row, as a convolution has."""

    in_place: ClassVar[bool] = True
    work: int
    numbers: int = 0

    def parameters(self, input_shape: Shape) -> dict[str, Parameter]:
        return {"filters": Parameter((self.numbers,), Zeros())} if self.numbers else {}

    def multiplications(self, input_shape: Shape) -> int:
        return self.work


@pytest.fixture(autouse=True)
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which two processes can train together."""
    monkeypatch.setattr(choice, "workers_possible", lambda: True)
    monkeypatch.setattr(choice, "blas_is_alone", lambda: True)
    monkeypatch.setattr(choice, "cores", lambda: 2)


def chosen(*layers: Layer | dict[str, object], batch_size: int = 128, gradient_accumulation: int = 1) -> Parallelism:
    made = [layer if isinstance(layer, Layer) else convert(Layer, layer) for layer in layers]
    return choice.choose(infer(made, (784,)), batch_size, gradient_accumulation)


def dense(units: int) -> dict[str, object]:
    return {"type": "dense", "units": units}


def test_much_work_and_few_parameters_are_divided_by_rows() -> None:
    """The layers of Keras's example for MNIST: 2.4 million multiplications a row, 34,826 parameters."""
    assert chosen(Heavy(work=2_400_000, numbers=34_000), dense(10)) == ("rows", 2)


def test_the_convolutional_lesson_is_divided_by_rows() -> None:
    config = load_config(CONFIGS / "mnist_convnet.yaml")
    nodes = infer(config.layers, (28, 28))
    assert choice.choose(nodes, config.training.rows_per_batch(None)) == ("rows", 2)


def test_little_work_is_not_divided() -> None:
    assert chosen(Heavy(work=1000), dense(10)) == ("single", 1)


def test_a_batch_has_a_row_for_each_process() -> None:
    assert chosen(Heavy(work=1_000_000_000), dense(10), batch_size=1) == ("single", 1)
    assert chosen(Heavy(work=1_000_000_000), dense(10), batch_size=2) == ("rows", 2)


def test_parameters_that_take_longer_to_exchange_than_the_work_are_not_exchanged() -> None:
    many = Heavy(work=2_000_000, numbers=20_000_000)
    assert chosen(many, dense(10)) == ("single", 1)
    assert chosen(many, dense(10), gradient_accumulation=32) == ("rows", 2)


def test_a_large_kernel_beside_little_other_work_is_divided_by_columns() -> None:
    assert chosen(Heavy(work=100_000), dense(4096), dense(10), batch_size=32) == ("columns", 2)


def test_dense_layers_alone_are_never_divided_by_rows() -> None:
    assert chosen(dense(512), dense(10), batch_size=60_000) == ("columns", 2)
    assert chosen(dense(60), dense(10), batch_size=60_000) == ("single", 1)


def test_one_core_divides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "cores", lambda: 1)
    assert chosen(Heavy(work=2_400_000), dense(10)) == ("single", 1)


def test_a_graph_is_not_cut_by_columns() -> None:
    branches = ({**dense(512), "name": "one"}, {"type": "add", "inputs": ["one", "one"]}, dense(10))
    assert chosen(*branches) == ("single", 1)


@pytest.mark.parametrize(
    ("parts", "count"), [([slice(0, 10)], 3), ([slice(2, 5), slice(9, 30)], 4), ([slice(0, 1)], 2)]
)
def test_shares_are_all_of_it_and_about_as_large(parts: list[slice], count: int) -> None:
    found = shares(parts, count)
    numbers = [[number for part in own for number in range(part.start, part.stop)] for own in found]
    assert list(chain(*numbers)) == [number for part in parts for number in range(part.start, part.stop)]
    assert max(map(len, numbers)) - min(map(len, numbers)) <= 1


def test_a_checkpoint_cannot_ask_for_what_is_impossible() -> None:
    branches = [{"type": "relu", "name": "one"}, {"type": "add", "inputs": ["one", "input"]}]
    network, numbers = Network([convert(Layer, layer) for layer in branches], (4,)), np.zeros((8, 4), np.float32)
    task = TrainingTask(network, Rows(numbers, numbers), convert(Loss, "mse"), convert(Optimizer, "sgd"), batch_size=4)
    with pytest.raises(DataError, match="columns cannot divide a network with branches"):
        default_backend().trainer(task, Parallelism("columns", 2))
