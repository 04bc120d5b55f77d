from typing import Annotated, Any, Literal

import msgspec
import pytest
from msgspec import Meta
from refusals import refusal

from mltrain.config.convert import MOST_PROBLEMS, convert, try_convert
from mltrain.engine.activations.base import Activation
from mltrain.engine.activations.relu import Relu
from mltrain.engine.initializers.constant import Constant
from mltrain.engine.layers.base import Layer
from mltrain.engine.layers.dense import Dense
from mltrain.engine.layers.dropout import Dropout
from mltrain.engine.losses.base import Loss
from mltrain.engine.losses.mean_squared_error import MeanSquaredError
from mltrain.engine.optimizers.base import Optimizer
from mltrain.engine.optimizers.sgd import Sgd
from mltrain.engine.schedules.exponential_decay import ExponentialDecay
from mltrain.errors import ConfigError, OptionError


class Inner(msgspec.Struct, frozen=True, kw_only=True):
    low: int = 0
    high: int = 1

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise OptionError(("low",), "above high")
        if self.high == 13:
            raise ValueError("unlucky")


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """One option of every kind."""

    whole: Annotated[int, Meta(ge=1)] = 1
    number: float = 0.0
    share: Annotated[float, Meta(ge=0, lt=1)] = 0.0
    angle: Annotated[float, Meta(gt=-180, le=180)] = 0.0
    month: Annotated[int, Meta(ge=1, le=12)] = 1
    most: Annotated[float, Meta(le=0.5)] = 0.0
    flag: bool = False
    text: str = ""
    code: Annotated[str, Meta(pattern="^[a-z]+$")] = "a"
    named: Annotated[str, Meta(pattern="^[a-z]+$", title="a name of small letters")] = "a"
    size: Annotated[int, Meta(ge=1)] | Literal["full", "half"] = 1
    maybe: Annotated[float, Meta(gt=0)] | None = None
    numbers: list[float] = []
    pair: Annotated[tuple[int, ...], Meta(min_length=2, max_length=2)] = (0, 0)
    words: Annotated[list[str], Meta(min_length=1)] = msgspec.field(default_factory=lambda: ["a"])
    mixed: list[float | str | list[float]] = []
    anything: list[Any] = []
    labels: dict[str, Annotated[float, Meta(gt=0)]] = {}
    inner: Inner = Inner()
    rate: Annotated[float, Meta(gt=0)] | Loss = 1.0
    activation: Activation | None = None
    layers: tuple[Layer, ...] = ()


@pytest.mark.parametrize(
    ("option", "data", "value"),
    [
        ("whole", 3, 3),
        ("whole", 1e3, 1000),
        ("number", 3, 3.0),
        ("number", 1e-3, 0.001),
        ("flag", True, True),
        ("text", "on", "on"),
        ("size", "full", "full"),
        ("size", 5, 5),
        ("maybe", None, None),
        ("maybe", 2, 2.0),
        ("numbers", [1, 2.5], [1.0, 2.5]),
        ("numbers", (1, 2.5), [1.0, 2.5]),
        ("pair", [1, 2], (1, 2)),
        ("mixed", [1, "a", [2]], [1.0, "a", [2.0]]),
        ("anything", [1, ["a", None]], [1, ["a", None]]),
        ("labels", {"a": 1}, {"a": 1.0}),
        ("inner", {"high": 2}, Inner(high=2)),
        ("rate", 0.5, 0.5),
        ("rate", "mse", MeanSquaredError()),
        ("rate", {"type": "mean_squared_error"}, MeanSquaredError()),
        ("activation", None, None),
        ("activation", "relu", Relu()),
        ("layers", ["relu", {"type": "dropout", "rate": 0.5}], (Relu(), Dropout(rate=0.5))),
    ],
)
def test_what_is_accepted(option: str, data: Any, value: Any) -> None:
    found = getattr(convert(Section, {option: data}), option)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("option", "data", "line"),
    [
        ("whole", 0, "whole: expected a whole number of at least 1, got 0"),
        ("whole", 1.5, "whole: expected a whole number of at least 1, got 1.5"),
        ("whole", True, "whole: expected a whole number of at least 1, got true"),
        ("whole", "64", "whole: expected a whole number of at least 1, got '64'; remove the quotes"),
        ("whole", "many", "whole: expected a whole number of at least 1, got 'many'"),
        ("whole", None, "whole: expected a whole number of at least 1, got nothing"),
        ("whole", [1], "whole: expected a whole number of at least 1, got a list"),
        ("whole", {"a": 1}, "whole: expected a whole number of at least 1, got a mapping"),
        ("number", "0,5", "number: expected a number, got '0,5'; write a point, not a comma"),
        ("number", float("inf"), "number: expected a finite number, got .inf"),
        ("number", float("nan"), "number: expected a finite number, got .nan"),
        ("number", 10**400, "number: expected a number, got 1000000000000000000000000000000000000000..."),
        ("share", 1.5, "share: expected a number of at least 0 and below 1, got 1.5"),
        ("angle", 360, "angle: expected a number above -180 and at most 180, got 360"),
        ("month", 13, "month: expected a whole number from 1 to 12, got 13"),
        ("most", 0.75, "most: expected a number of at most 0.5, got 0.75"),
        ("flag", "yes", "flag: expected true or false, got 'yes'"),
        ("flag", 1, "flag: expected true or false, got 1"),
        ("flag", "true", "flag: expected true or false, got 'true'; remove the quotes"),
        ("text", 5, "text: expected text, got 5; put it in quotes: '5'"),
        ("text", True, "text: expected text, got true; put it in quotes: 'true'"),
        ("code", "A", "code: expected text matching ^[a-z]+$, got 'A'"),
        ("code", "a\n", "code: expected text matching ^[a-z]+$, got 'a\\n'"),
        ("named", "A", "named: expected a name of small letters, got 'A'"),
        ("named", "a" * 50 + "A", f"named: expected a name of small letters, got '{'a' * 40}...'"),
        ("size", 0, "size: expected a whole number of at least 1, 'full' or 'half', got 0"),
        ("maybe", -1, "maybe: expected a number above 0, got -1"),
        ("numbers", 5, "numbers: expected a list of numbers, got 5; put it in brackets: [5]"),
        ("numbers", "x", "numbers: expected a list of numbers, got 'x'"),
        (
            "numbers",
            [1, "x", None],
            "numbers[1]: expected a number, got 'x'\nnumbers[2]: expected a number, got nothing",
        ),
        ("pair", [1], "pair: expected a list of 2 whole numbers, got a list of 1"),
        ("pair", [1, 2, 3], "pair: expected a list of 2 whole numbers, got a list of 3"),
        ("words", [], "words: expected a list of one or more texts, got an empty list"),
        ("words", "a", "words: expected a list of one or more texts, got 'a'; put it in brackets: [a]"),
        ("mixed", [None], "mixed[0]: expected a number, text or a list of numbers, got nothing"),
        ("mixed", [["x"]], "mixed[0][0]: expected a number, got 'x'"),
        ("mixed", 5, "mixed: expected a list of numbers, texts or lists of numbers, got 5; put it in brackets: [5]"),
        ("anything", 5, "anything: expected a list, got 5"),
        ("labels", [], "labels: expected a mapping from names to numbers above 0, got an empty list"),
        ("labels", {"a": 0}, "labels.a: expected a number above 0, got 0"),
        ("inner", 5, "inner: expected options such as 'low: ...', got 5"),
        (
            "inner",
            "low:5",
            "inner: expected options such as 'low: ...', got 'low:5'; put a space after the colon: 'low: 5'",
        ),
        ("inner", {"low": "x"}, "inner.low: expected a whole number, got 'x'"),
        ("inner", {"low": 2}, "inner.low: above high"),
        ("inner", {"high": 13}, "inner: unlucky"),
        ("inner", {"hihg": 2}, "inner.hihg: unknown option for inner; did you mean 'high'?"),
        ("inner", {"x": 2}, "inner.x: unknown option for inner; it has low, high"),
        ("rate", "fast", "rate: expected a number above 0 or a loss, got 'fast'"),
        ("rate", "msee", "rate: unknown loss 'msee'; did you mean 'mse'?"),
        ("rate", 0, "rate: expected a number above 0 or a loss, got 0"),
        ("activation", "Relu", "activation: unknown activation 'Relu'; did you mean 'relu'?"),
        ("activation", 5, "activation: expected an activation (NAME or {type: NAME, ...}), got 5"),
        ("layers", "relu", "layers: expected a list of layers, got 'relu'; put it in brackets: [relu]"),
        ("layers", "dropout", "layers: expected a list of layers, got 'dropout'"),
    ],
)
def test_what_is_refused(option: str, data: Any, line: str) -> None:
    assert refusal(convert, Section, {option: data}) == line.split("\n")


def layer(data: Any) -> list[str]:
    return refusal(convert, Layer, data)


def test_members_of_a_family() -> None:
    assert convert(Layer, "relu") == Relu()
    dense = convert(Layer, {"type": "dense", "units": 2, "kernel_initializer": {"type": "constant", "value": [[1, 2]]}})
    assert dense == Dense(units=2, kernel_initializer=Constant(value=[[1, 2]]))


def test_the_type_may_stand_anywhere() -> None:
    assert convert(Optimizer, {"momentum": 0.5, "type": "sgd"}) == Sgd(momentum=0.5)


def test_a_member_within_an_option() -> None:
    decay = {"type": "exponential_decay", "initial_learning_rate": 1, "decay_steps": 2, "decay_rate": 0.5}
    found = convert(Optimizer, {"type": "sgd", "learning_rate": decay}).learning_rate
    assert found == ExponentialDecay(initial_learning_rate=1.0, decay_steps=2, decay_rate=0.5)


def test_unknown_names() -> None:
    assert layer("densee") == ["unknown layer 'densee'; did you mean 'dense'?"]
    assert layer({"type": "densee"}) == ["type: unknown layer 'densee'; did you mean 'dense'?"]
    assert layer("lstm") == ["unknown layer 'lstm'; mltrain has none in this version"]
    (line,) = layer("quux")
    assert line.startswith("unknown layer 'quux'; there are ")


def test_an_unknown_option() -> None:
    assert layer({"type": "dense", "units": 1, "activaton": "relu"}) == [
        "activaton: unknown option for dense; did you mean 'activation'?"
    ]
    assert layer({"type": "dropout", "rate": 0.5, "units": 1}) == [
        "units: unknown option for dropout; it has rate, name, inputs"
    ]
    assert refusal(convert, Loss, {"type": "mse", "x": 1}) == ["x: unknown option for mean_squared_error; it has none"]


def test_an_option_and_its_value_in_one_word() -> None:
    advice = "unknown option for dense; put a space after the colon: 'units: 5'"
    assert layer({"type": "dense", "units:5": None}) == [f"units:5: {advice}"]


def test_a_missing_option() -> None:
    number = "a number of at least 0 and below 1"
    line = f"rate: missing; dropout needs {number} (share of the inputs that is dropped)"
    assert layer("dropout") == [line]
    assert layer({"type": "dropout"}) == [line]


def test_an_option_is_not_missing_where_its_name_is_only_misspelled() -> None:
    assert layer({"type": "dense", "unit": 5}) == ["unit: unknown option for dense; did you mean 'units'?"]


def test_a_mapping_without_a_type() -> None:
    (line,) = layer({"units": 5})
    assert line.startswith("expected a type that says which layer this is: add, average, ")
    assert layer({"dense": {"units": 5}}) == [
        "write {type: dense, ...}, with its options beside the type, not {dense: ...}"
    ]


@pytest.mark.parametrize(("name", "shown"), [(5, "5"), (None, "nothing"), (["dense"], "a list")])
def test_a_type_that_is_no_name(name: Any, shown: str) -> None:
    assert layer({"type": name}) == [f"type: expected the name of a layer, got {shown}"]


def test_all_problems_at_once() -> None:
    data = {"type": "dense", "units": 0, "use_bias": "no", "activation": "rellu", "bias": False}
    assert layer(data) == [
        "units: expected a whole number of at least 1, got 0",
        "use_bias: expected true or false, got 'no'",
        "activation: unknown activation 'rellu'; did you mean 'relu'?",
        "bias: unknown option for dense; did you mean 'use_bias'?",
    ]


def test_problems_carry_paths() -> None:
    with pytest.raises(ConfigError) as error:
        convert(Section, {"layers": ["relu", {"type": "dense", "units": 1, "name": "a b"}]})
    assert [problem.path for problem in error.value.problems] == [("layers", 1, "name")]


def test_no_more_problems_than_anyone_reads() -> None:
    _, problems = try_convert(Section, {"numbers": ["x"] * 1_000_000})
    assert len(problems) == MOST_PROBLEMS + 1


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        ("Dense(10)", ["unknown layer 'Dense(10)'; write {type: dense, ...}, with its options by name"]),
        ("nn.Linear(3, 4)", ["unknown layer 'nn.Linear(3, 4)'; did you mean 'dense'?"]),
        ("nn.Flatten()", ["unknown layer 'nn.Flatten()'; write flatten"]),
        ("nn.Conv2d(1, 3)", ["unknown layer 'nn.Conv2d(1, 3)'; write {type: conv2d, ...}, with its options by name"]),
        ("nn.Conv3d(1, 3)", ["unknown layer 'nn.Conv3d(1, 3)'; mltrain has none in this version"]),
        (
            {"type": "Dense", "units": 3, "bias": True},
            [
                "type: unknown layer 'Dense'; did you mean 'dense'?",
                "bias: unknown option for dense; did you mean 'use_bias'?",
            ],
        ),
        (
            {"type": "dense", "out_features": 3},
            ["out_features: unknown option for dense; did you mean 'units'?"],
        ),
        (
            {"type": "dropout", "rate": 0, "5": None},
            [
                "5: unknown option for dropout; in a number, write a point, not a comma: a comma begins another option",
            ],
        ),
        (
            {"type": "dense", "units": "1,000"},
            ["units: expected a whole number of at least 1, got '1,000'; write 1000"],
        ),
    ],
)
def test_names_as_other_tools_write_them(data: Any, lines: list[str]) -> None:
    assert layer(data) == lines
