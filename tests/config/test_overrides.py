from typing import Any

import pytest
from refusals import DATASET, problems_in

from mltrain.config import Config
from mltrain.config.load import parse_config
from mltrain.config.overrides import override
from mltrain.engine.activations.relu import Relu
from mltrain.engine.layers.dense import Dense
from mltrain.engine.losses.huber import Huber
from mltrain.engine.optimizers.adam import Adam
from mltrain.engine.optimizers.sgd import Sgd
from mltrain.errors import UsageError
from mltrain.training.options import Training

TEXT = f"{DATASET}layers: [{{type: dense, units: 1}}]\nloss: mse\n"


def config(*overrides: str, text: str = TEXT) -> Config:
    return parse_config(text, "x.yaml", overrides)


def test_what_is_there_is_replaced() -> None:
    assert config("loss=huber").loss == Huber()
    assert config("name=other").name == "other"


def test_a_section_that_is_not_there_is_made() -> None:
    assert config("training.epochs=3", "training.batch_size=full").training == Training(epochs=3, batch_size="full")


def test_a_default_that_is_not_there_is_made() -> None:
    assert config("optimizer.learning_rate=1e-1").optimizer == Sgd(learning_rate=0.1)
    assert config("optimizer.type=adam", "optimizer.beta_1=0.5").optimizer == Adam(beta_1=0.5)


def test_a_bare_name_becomes_a_mapping() -> None:
    text = f"{TEXT}optimizer: adam\n"
    assert config("optimizer.learning_rate=0.1", text=text).optimizer == Adam(learning_rate=0.1)


@pytest.mark.parametrize("setting", ["layers.0.activation=relu", "layers[0].activation=relu"])
def test_items_of_lists(setting: str) -> None:
    assert config(setting).layers == (Dense(units=1, activation=Relu()),)


@pytest.mark.parametrize(
    ("setting", "track"),
    [
        ("training.track=[dense.kernel]", ["dense.kernel"]),
        ("training.track={W: dense.kernel}", {"W": "dense.kernel"}),
        ("training.track.W=dense.kernel", {"W": "dense.kernel"}),
    ],
)
def test_lists_and_mappings(setting: str, track: Any) -> None:
    assert config(setting).training.track == track


def test_only_the_first_equals_sign_separates() -> None:
    assert problems_in(TEXT, "name=a=b") == [
        "--set name=a=b  name: expected a name of letters, digits, '_', '-' and '.', got 'a=b'"
    ]


def test_the_last_of_several_counts() -> None:
    assert config("seed=1", "seed=2").seed == 2
    assert config("training={epochs: 5}", "training.epochs=6").training.epochs == 6
    assert config("training.epochs=6", "training={shuffle: false}").training == Training(shuffle=False)


def test_an_alias_is_set_in_one_place_only() -> None:
    layers = "layers:\n  - &one {type: dense, units: 1}\n  - *one\n"
    found = config("layers.0.units=5", text=f"{DATASET}{layers}loss: mse\n").layers
    assert found == (Dense(units=5), Dense(units=1))


def test_the_data_stays_as_it_is() -> None:
    data = {"layers": [{"type": "dense", "units": 1}], "loss": "mse"}
    result = override(Config, data, ["layers.0.units=2", "loss.delta=1", "training.epochs=3"])
    assert data == {"layers": [{"type": "dense", "units": 1}], "loss": "mse"}
    assert result.data == {
        "layers": [{"type": "dense", "units": 2}],
        "loss": "mse",
        "training": {"epochs": 3},
    }


TWO_LAYERS = f"{DATASET}layers: [{{type: dense, units: 4}}, {{type: dense, units: 1}}]\nloss: mse\n"

REFUSED = {
    "optimizer.learning_rate=fast": "optimizer.learning_rate: expected a number above 0 or a schedule, got 'fast'",
    "optimiser.learning_rate=1": "optimiser: unknown option for a config; did you mean 'optimizer'?",
    "optimizer.lr=1": "optimizer.lr: unknown option for sgd; did you mean 'learning_rate'?",
    "optimizer.type=addam": "optimizer.type: unknown optimizer 'addam'; did you mean 'adam'?",
    "optimizer={type: adam, beta: 1}": "optimizer.beta: unknown option for adam; did you mean 'beta_1' or 'beta_2'?",
    "learning_rate=1": "learning_rate: unknown option for a config; did you mean 'optimizer.learning_rate'?",
    "epochs=1": "epochs: unknown option for a config; did you mean 'training.epochs'?",
    "training.epoch=1": "training.epoch: unknown option for training; did you mean 'epochs'?",
    "training.epochs=-1": "training.epochs: expected a whole number of at least 0, got -1",
    "layers.1.units=0": "layers[1].units: expected a whole number of at least 1, got 0",
    "layers[1].unit=1": "layers[1].unit: unknown option for dense; did you mean 'units'?",
    "layers.2.units=1": "layers[2]: there are only layers[0] to layers[1]",
    "layers[9]=relu": "layers[9]: there are only layers[0] to layers[1]",
    "layers.dense.units=1": "layers.dense: layers is a list; say which by its number, as in layers.0",
    "layers.0=relluu": "layers[0]: unknown layer 'relluu'; did you mean 'relu'?",
    "layers=[]": "layers: expected a list of one or more layers, got an empty list",
    "layers.0.activation.slope=1": "layers[0].activation.slope: unknown option for linear; it has name, inputs",
    "metrics.0=mae": "metrics[0]: metrics is empty; set all of it, as in metrics=[...]",
    "metrics=mae": "metrics: expected a list of metrics, got 'mae'; put it in brackets: [mae]",
    "dataset.x.0.a=1": "dataset.x[0].a: dataset.x[0] is 1 and has no options",
    "dataset.x[3]=1": "dataset.x[3]: there are only dataset.x[0] to dataset.x[2]",
    "dataset.y=[1, 2]": "dataset.y: x has 3 rows, but y has 2",
    "name.first=a": "name.first: name has no options",
    "seed.a=1": "seed.a: seed is 0 and has no options",
    "loss.delta=1": "loss.delta: unknown option for mean_squared_error; it has none",
    "loss=": "loss: expected a loss (NAME or {type: NAME, ...}), got nothing",
    "loss=[mse": "loss: expected ',' or ']' here: the '[' of line 1 is still open",
    "layers.1={a: 1, a: 2, type: relu}": "layers[1].a: given twice, first on line 1; keep one\n"
    "layers[1].a: unknown option for relu; it has name, inputs",
}


@pytest.mark.parametrize(("setting", "lines"), REFUSED.items(), ids=REFUSED)
def test_what_is_refused(setting: str, lines: str) -> None:
    assert problems_in(TWO_LAYERS, setting) == [f"--set {setting}  {line}" for line in lines.split("\n")]


def test_an_item_of_a_single_one() -> None:
    assert problems_in(TEXT, "layers.1=relu") == ["--set layers.1=relu  layers[1]: there is only layers[0]"]


@pytest.mark.parametrize("setting", ["seed", "=1", "", "a..b=1", ".a=1", "layers[x]=1", "layers[0=1", "[0]=1"])
def test_what_is_no_setting(setting: str) -> None:
    with pytest.raises(UsageError) as error:
        config(setting)
    assert str(error.value) == f"--set {setting}: expected an option and its value, as in optimizer.learning_rate=0.01"


def test_problems_of_the_file_come_first_and_then_those_of_each_setting() -> None:
    text = f"{DATASET}layers: [{{type: dense, units: 0}}]\nloss: mse\nseed: -1\n"
    assert problems_in(text, "training.epochs=x", "seed=-2", "optimiser=sgd", "training.epochs=y") == [
        "x.yaml:2:31  layers[0].units: expected a whole number of at least 1, got 0",
        "--set seed=-2  seed: expected a whole number of at least 0, got -2",
        "--set optimiser=sgd  optimiser: unknown option for a config; did you mean 'optimizer'?",
        "--set training.epochs=y  training.epochs: expected a whole number of at least 0, got 'y'",
    ]


def test_a_type_that_stands_in_the_file_is_blamed_there() -> None:
    assert problems_in(f"{TEXT}optimizer: sgdd\n", "optimizer.learning_rate=1") == [
        "x.yaml:4:12  optimizer.type: unknown optimizer 'sgdd'; did you mean 'sgd'?"
    ]


def test_below_a_type_that_nobody_knows_anything_may_be_set() -> None:
    text = f"{DATASET}layers: [{{type: dense, units: 1}}]\nloss: {{type: msee, weights: {{a: 1}}}}\n"
    assert problems_in(text, "loss.weights.a=2") == ["x.yaml:3:14  loss.type: unknown loss 'msee'; did you mean 'mse'?"]


def test_an_option_below_one_that_is_missing() -> None:
    lines = problems_in("layers: [flatten]\nloss: mse\n", "dataset.x=[1]")
    assert lines[0].startswith("x.yaml:1:1  dataset: expected a type that says which dataset this is: cifar10, csv, ")
