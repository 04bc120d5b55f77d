"""Every config in configs/ gives what its lesson promises. Those on MNIST are in test_mnist_lesson.py,
and those on what has to be downloaded in tests/data/test_published.py."""

from collections.abc import Callable
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import mltrain
from mltrain.config.dump import to_plain
from mltrain.engine.graph import infer
from mltrain.engine.plan import Plan
from mltrain.inference.model import Model
from mltrain.job import prepare, split_to_evaluate

CONFIGS = Path(__file__).parents[2] / "configs"


@cache
def lesson(name: str) -> Model:
    return mltrain.fit(CONFIGS / f"{name}.yaml")


def held_back_accuracy(model: Model) -> float:
    split, rows = split_to_evaluate(model.config.dataset.load(model.config.seed, CONFIGS))
    assert split == "test"
    return model.evaluate(rows).metrics["accuracy"]


def training_rows(model: Model) -> tuple[np.ndarray, np.ndarray]:
    rows = model.config.dataset.load(model.config.seed, CONFIGS).train
    return rows.x, rows.y


def activity() -> None:
    model = lesson("activity")
    assert held_back_accuracy(model) >= 0.95
    golf = {"speed_kmh": 4.8, "heart_rate": 95, "steps_per_minute": 60, "minutes": 230}
    assert model.predict_labels([golf]) == ["golfing"]


def iris() -> None:
    assert held_back_accuracy(lesson("iris")) >= 0.93  # 75 rows, of which two kinds overlap


def penguins() -> None:
    model = lesson("penguins")
    _, rows = split_to_evaluate(model.config.dataset.load(model.config.seed, CONFIGS))
    assert model.evaluate(rows).metrics["r2"] >= 0.8


def linear() -> None:
    assert 30.9 <= lesson("linear").predict([[10.0]])[0, 0] <= 31.1


def line_2x_minus_1() -> None:
    model = lesson("line_2x_minus_1")
    assert 18.9 <= model.predict([[10.0]])[0, 0] <= 19.05
    assert [node.parameter_count for node in model.network.nodes] == [2]


def concert() -> None:
    model = lesson("concert")
    assert model.history == []
    np.testing.assert_array_equal(model.predict([[1, 0, 1, 0, 1], [0, 1, 0, 1, 0]]), [[1], [0]])
    assert model.predict_labels([[1, 0, 1, 0, 1], [0, 1, 0, 1, 0]]) == ["1", "0"]


def perceptron() -> None:
    model = lesson("perceptron")
    assert len(training_rows(model)[0]) == 500
    assert held_back_accuracy(model) >= 0.97


def gradient_descent() -> None:
    model = lesson("gradient_descent")
    costs = [report.loss for report in model.history]
    assert all(later < earlier for earlier, later in pairwise(costs))
    assert model.history[0].tracked == {"slope": 0, "intercept": 0}
    x, y = training_rows(model)
    least = np.linalg.lstsq(np.hstack([x, np.ones_like(x)]), y, rcond=None)[1][0] / len(x)
    assert costs[-1] <= 1.01 * least


def quadratic() -> None:
    model = lesson("quadratic")
    assert model.evaluate(model.config.dataset.load(model.config.seed, CONFIGS).train).loss <= 1.3


def quadratic_full_batch() -> None:
    model = lesson("quadratic_full_batch")
    assert [report.steps for report in model.history] == [1] * 1000
    assert model.evaluate(model.config.dataset.load(model.config.seed, CONFIGS).train).loss <= 1.4


def custom_training() -> None:
    tracked = [report.tracked for report in lesson("custom_training").history]
    assert tracked[0] == {"W": 5, "b": 0}
    slopes, intercepts = ([values[name] for values in tracked] for name in ("W", "b"))
    assert all(3 < later < earlier for earlier, later in pairwise(slopes))
    assert all(earlier < later < 2.1 for earlier, later in pairwise(intercepts))
    assert slopes[-1] < 3.5
    assert intercepts[-1] > 1.5


def circle() -> None:
    assert held_back_accuracy(lesson("circle")) >= 0.98


def xor() -> None:
    assert held_back_accuracy(lesson("xor")) >= 0.97


def gaussian() -> None:
    assert held_back_accuracy(lesson("gaussian")) >= 0.99


def spiral() -> None:
    assert held_back_accuracy(lesson("spiral")) >= 0.95


def edges() -> None:
    """The two images that its convolution makes of a digit are Sobel's, to the last bit: sums of whole numbers."""
    model = lesson("edges")
    assert model.history == []
    _, rows = split_to_evaluate(model.config.dataset.load(model.config.seed, CONFIGS))
    pixels = rows.x[:100].astype(np.float32)
    found = np.empty((100, 28, 28, 2), np.float32)
    for call in Plan(model.network.ending_at("edges"), 100).bind(pixels, found).forward:
        call.run()
    around = np.pad(rows.x[:100].astype(int), ((0, 0), (1, 1), (1, 1)))
    down = around[:, :-2] + 2 * around[:, 1:-1] + around[:, 2:]
    across = around[:, :, :-2] + 2 * around[:, :, 1:-1] + around[:, :, 2:]
    np.testing.assert_array_equal(found[..., 0], down[:, :, 2:] - down[:, :, :-2])
    np.testing.assert_array_equal(found[..., 1], across[:, 2:] - across[:, :-2])
    assert np.abs(found).max() > 255


def shapes() -> None:
    convolution = lesson("shapes")
    assert held_back_accuracy(convolution) >= 0.97
    units = 5
    layers = [
        "flatten",
        {"type": "dense", "units": units, "activation": "relu"},
        to_plain(convolution.config.layers[-1]),
    ]
    dense = mltrain.fit({**to_plain(convolution.config), "layers": layers})
    assert held_back_accuracy(dense) <= 0.8
    counts = [len(model.network.parameters) for model in (convolution, dense)]
    assert counts[0] < counts[1] < 1.1 * counts[0]


PROMISES: dict[str, Callable[[], None]] = {
    promise.__name__: promise
    for promise in (
        linear,
        line_2x_minus_1,
        concert,
        perceptron,
        gradient_descent,
        quadratic,
        quadratic_full_batch,
        custom_training,
        circle,
        xor,
        gaussian,
        spiral,
        activity,
        iris,
        penguins,
        edges,
        shapes,
    )
}
ELSEWHERE = {"mnist", "mnist_convnet", "mnist_best", "fashion_mnist", "cifar10"}


@pytest.mark.filterwarnings("ignore:the inputs reach from:mltrain.MltrainWarning")  # of the perceptron
@pytest.mark.parametrize("name", PROMISES)
def test_lesson_gives_what_it_promises(name: str) -> None:
    PROMISES[name]()


def test_every_config_promises_something() -> None:
    assert {path.stem for path in CONFIGS.glob("*.yaml")} == {*PROMISES, *ELSEWHERE}


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_lesson_teaches_in_comments(path: Path) -> None:
    first, *lines = path.read_text("utf-8").splitlines()
    assert first == "# yaml-language-server: $schema=mltrain.schema.json"
    assert sum(line.startswith("# ") for line in lines) >= 2


@pytest.mark.parametrize("name", sorted(PROMISES))
def test_lessons_warn_of_nothing_but_the_perceptrons_large_inputs(name: str) -> None:
    source = mltrain.load_config(CONFIGS / f"{name}.yaml")
    job = prepare(source, CONFIGS)
    warnings = [*job.warnings(), *job.warnings_of_trial()]
    assert len(warnings) == (name == "perceptron")
    assert all("the inputs reach from" in warning for warning in warnings)


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("mnist", [0, 401_920, 0, 5_130]),
        ("mnist_convnet", [320, 0, 18_496, 0, 0, 0, 16_010]),
        (
            "mnist_best",
            [0, 0, 288, 128, 0, 0, 9_216, 128, 0, 9_216, 128, 0, 0, 18_432, 256, 0, 0, 73_728, 512, 0, 0, 0, 11_530],
        ),
    ],
)
def test_mnist_counts_its_parameters(name: str, counts: list[int]) -> None:
    config = mltrain.load_config(CONFIGS / f"{name}.yaml")
    assert [node.parameter_count for node in infer(config.layers, (28, 28))] == counts
