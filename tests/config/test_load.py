import random
import re
from functools import partial
from pathlib import Path

import pytest
from refusals import DATASET, problems_in, refusal

from mltrain.config import Config
from mltrain.config.convert import convert
from mltrain.config.dump import to_builtins
from mltrain.config.load import load_config, parse_config, read_config
from mltrain.data.datasets.inline import Inline
from mltrain.engine.layers.dense import Dense
from mltrain.engine.losses.mean_squared_error import MeanSquaredError
from mltrain.engine.optimizers.adam import Adam
from mltrain.engine.optimizers.sgd import Sgd
from mltrain.errors import ConfigError, Problem
from mltrain.training.options import Training

LAYERS = "layers: [{type: dense, units: 1}]\n"
REST = f"{LAYERS}loss: mse\n"
"""Two lines that make a config of the dataset."""

WHOLE = DATASET + REST


def test_everything_that_a_config_says(tmp_path: Path) -> None:
    (tmp_path / "first try.yaml").write_text(WHOLE + "optimizer: {type: adam, learning_rate: 1e-2}\nseed: 3\n")
    assert load_config(tmp_path / "first try.yaml") == Config(
        name="first_try",
        seed=3,
        dataset=Inline(x=[1, 2, 3], y=[2, 4, 6]),
        layers=(Dense(units=1),),
        loss=MeanSquaredError(),
        optimizer=Adam(learning_rate=0.01),
    )


def test_everything_that_a_config_need_not_say() -> None:
    config = parse_config(WHOLE, "x.yaml")
    assert (config.seed, config.optimizer, config.metrics, config.training) == (0, Sgd(), (), Training())


@pytest.mark.parametrize(
    ("filename", "name"),
    [("configs/a-b.1.yaml", "a-b.1"), ("größe.yml", "gr__e"), (".hidden.yaml", "_hidden"), ("-.yaml", "_"), ("x", "x")],
)
def test_the_name_comes_from_the_file(filename: str, name: str) -> None:
    config = parse_config(WHOLE, filename)
    assert config.name == name
    assert convert(Config, to_builtins(config)) == config


def test_the_name_that_a_config_gives_itself() -> None:
    assert parse_config(WHOLE + "name: mine\n", "x.yaml").name == "mine"


def test_a_source_knows_the_folder_and_the_places(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(WHOLE)
    source = read_config(path, ["seed=3"])
    assert source.folder == tmp_path
    error = source.locate(
        [
            Problem(("seed",), "too lucky"),
            Problem(("loss",), "too large"),
            Problem(("layers", 0, "kernel_initializer"), "too plain"),
            Problem(("training", "epochs"), "too few"),
        ]
    )
    assert error.lines == (
        f"{path}:1:1  training.epochs: too few",
        f"{path}:2:10  layers[0].kernel_initializer: too plain",
        f"{path}:3:7  loss: too large",
        "--set seed=3  seed: too lucky",
    )


def test_numbers_are_checked_once_the_words_are_right() -> None:
    text = f"{DATASET}layers:\n  - {{type: dense, units: 3}}\nloss: mse\nmetrics: [accuracy]\n"
    assert problems_in(text)[0].startswith("x.yaml:3:26  layers[0].units: ")
    assert problems_in(text)[1].startswith("x.yaml:5:11  metrics[0]: accuracy judges classes, ")


def test_all_problems_of_a_file_in_the_order_of_their_places() -> None:
    text = """\
# what could go wrong
seed: -1
dataset: {type: inline, x: [1, two], y: [1, 2], shuffle: true}
layers:
  - flaten
  - {type: dense, unit: 5}
  - type: dropout
    rate: 1.5
  - {type: dense, units: '10', activation: Softmax, name: a}
  - {type: dense, units: 10, name: a}
lost: mse
seed: 2
optimizer:
  type: sgd
  learning_rate: !!float 0.1
  2: 3
training: {epochs: 1e-3, batch_size: all}
"""
    assert problems_in(text) == [
        "x.yaml:2:7  seed: expected a whole number of at least 0, got -1",
        "x.yaml:3:49  dataset.shuffle: unknown option for inline; it is an option of training",
        "x.yaml:5:5  layers[0]: unknown layer 'flaten'; did you mean 'flatten'?",
        "x.yaml:6:19  layers[1].unit: unknown option for dense; did you mean 'units'?",
        "x.yaml:8:11  layers[2].rate: expected a number of at least 0 and below 1, got 1.5",
        "x.yaml:9:26  layers[3].units: expected a whole number of at least 1, got '10'; remove the quotes",
        "x.yaml:9:44  layers[3].activation: unknown activation 'Softmax'; did you mean 'softmax'?",
        "x.yaml:10:36  layers[4].name: layers[3] has this name already",
        "x.yaml:11:1  lost: unknown option for a config; did you mean 'loss'?",
        "x.yaml:12:1  seed: given twice, first on line 2; keep one",
        "x.yaml:15:18  optimizer.learning_rate: tags such as '!!float' are not allowed; write a plain value",
        "x.yaml:15:18  optimizer.learning_rate: expected a number above 0 or a schedule, got '0.1'; remove the quotes",
        "x.yaml:16:3  optimizer.2: unknown option for sgd; it has learning_rate, momentum, nesterov, weight_decay, "
        "clip_norm, use_ema, ema_momentum",
        "x.yaml:17:20  training.epochs: expected a whole number of at least 0, got 0.001",
        "x.yaml:17:38  training.batch_size: expected a whole number of at least 1 or 'full', got 'all'",
    ]


CASES = {
    "a syntax error": (
        f"{WHOLE}metrics: [accuracy\n",
        "x.yaml:5:1  expected ',' or ']' here: the '[' of line 4 is still open",
    ),
    "a tab": (f"{DATASET}layers:\n\t- flatten\n", "x.yaml:3:1  a tab; YAML is indented with spaces only"),
    "a key given twice": (f"{WHOLE}loss: mae\n", "x.yaml:4:1  loss: given twice, first on line 3; keep one"),
    "an unknown section": (
        f"{WHOLE}optimiser: sgd\n",
        "x.yaml:4:1  optimiser: unknown option for a config; did you mean 'optimizer'?",
    ),
    "nothing like a section": (
        f"{WHOLE}surprise: []\n",
        "x.yaml:4:1  surprise: unknown option for a config; it has name, seed, dataset, layers, loss, optimizer, "
        "metrics, training, search",
    ),
    "an option of early stopping": (
        f"{WHOLE}training: {{patience: 3}}\n",
        "x.yaml:4:12  training.patience: unknown option for training; did you mean 'early_stopping.patience'?",
    ),
    "a number with thousands or with a decimal comma": (
        f"{WHOLE}optimizer:\n  type: sgd\n  learning_rate: 2,345\n",
        "x.yaml:6:18  optimizer.learning_rate: expected a number above 0 or a schedule, got '2,345'; write 2345 or "
        "2.345, whichever is meant: a comma can be either",
    ),
    "a crossentropy without saying which": (
        WHOLE.replace("mse", "crossentropy"),
        "x.yaml:3:7  loss: unknown loss 'crossentropy'; under softmax it is called 'sparse_categorical_crossentropy', "
        "or 'categorical_crossentropy' where the targets are one-hot rows; under sigmoid, 'binary_crossentropy'",
    ),
    "an option outside of its section": (
        f"{WHOLE}epochs: 5\n",
        "x.yaml:4:1  epochs: unknown option for a config; did you mean 'training.epochs'?",
    ),
    "an option outside of its optimizer": (
        f"{WHOLE}optimizer: adam\nbeta_1: 0.5\n",
        "x.yaml:5:1  beta_1: unknown option for a config; did you mean 'optimizer.beta_1'?",
    ),
    "an unknown option of training": (
        f"{WHOLE}training: {{epoch: 5}}\n",
        "x.yaml:4:12  training.epoch: unknown option for training; did you mean 'epochs'?",
    ),
    "an unknown option of an optimizer": (
        f"{WHOLE}optimizer: {{type: adam, lr: 0.1}}\n",
        "x.yaml:4:25  optimizer.lr: unknown option for adam; did you mean 'learning_rate'?",
    ),
    "an unknown option of a layer": (
        f"{DATASET}layers:\n  - {{type: dense, units: 1, activaton: relu}}\nloss: mse\n",
        "x.yaml:3:29  layers[0].activaton: unknown option for dense; did you mean 'activation'?",
    ),
    "an unknown option of an initializer": (
        f"{DATASET}layers:\n  - type: dense\n    units: 1\n    bias_initializer:\n      type: constant\n"
        "      value: 1\n      vale: 2\nloss: mse\n",
        "x.yaml:8:7  layers[0].bias_initializer.vale: unknown option for constant; did you mean 'value'?",
    ),
    "an unknown option of a dataset": (
        "dataset: {type: inline, x: [1], y: [1], z: [1]}\n" + REST,
        "x.yaml:1:41  dataset.z: unknown option for inline; it has x, y, validation_split, test_split, split_seed, "
        "split",
    ),
    "an unknown loss": (
        f"{DATASET}{LAYERS}loss: mse_loss\n",
        "x.yaml:3:7  loss: unknown loss 'mse_loss'; did you mean 'mse'?",
    ),
    "an unknown layer": (
        f"{DATASET}layers: [{{type: desne, units: 1}}]\nloss: mse\n",
        "x.yaml:2:17  layers[0].type: unknown layer 'desne'; did you mean 'dense'?",
    ),
    "an unknown dataset": (
        f"dataset: mnits\n{REST}",
        "x.yaml:1:10  dataset: unknown dataset 'mnits'; did you mean 'mnist'?",
    ),
    "a name that is only half of it": (
        f"{WHOLE}metrics: [top_k]\n",
        "x.yaml:4:11  metrics[0]: unknown metric 'top_k'; did you mean 'top_k_accuracy'?",
    ),
    "text for a number": (
        f"{WHOLE}optimizer: {{type: sgd, learning_rate: fast}}\n",
        "x.yaml:4:39  optimizer.learning_rate: expected a number above 0 or a schedule, got 'fast'",
    ),
    "no units": (
        f"{DATASET}layers: [dense]\nloss: mse\n",
        "x.yaml:2:10  layers[0].units: missing; dense needs a whole number of at least 1 (number of neurons: the "
        "width of the output)",
    ),
    "units: 0": (
        f"{DATASET}layers: [{{type: dense, units: 0}}]\nloss: mse\n",
        "x.yaml:2:31  layers[0].units: expected a whole number of at least 1, got 0",
    ),
    "rate: 1.5": (
        f"{DATASET}layers: [{{type: dropout, rate: 1.5}}, {{type: dense, units: 1}}]\nloss: mse\n",
        "x.yaml:2:32  layers[0].rate: expected a number of at least 0 and below 1, got 1.5",
    ),
    "no layers": (
        f"{DATASET}loss: mse\n",
        "x.yaml:1:1  layers: missing; a config needs a list of one or more layers (the network, from input to output)",
    ),
    "an empty list of layers": (
        f"{DATASET}layers: []\nloss: mse\n",
        "x.yaml:2:9  layers: expected a list of one or more layers, got an empty list",
    ),
    "layers without their dashes": (
        f"{DATASET}layers:\n  dense: {{units: 1}}\nloss: mse\n",
        "x.yaml:3:3  layers: expected a list of one or more layers, got a mapping",
    ),
    "one metric without brackets": (
        f"{WHOLE}metrics: mae\n",
        "x.yaml:4:10  metrics: expected a list of metrics, got 'mae'; put it in brackets: [mae]",
    ),
    "no loss": (
        f"# first\n\n{DATASET}{LAYERS}",
        "x.yaml:3:1  loss: missing; a config needs a loss (what training makes small)",
    ),
    "no value": (
        f"{DATASET}{LAYERS}loss:\n",
        "x.yaml:3:6  loss: expected a loss (NAME or {type: NAME, ...}), got nothing",
    ),
    "an option without a space": (
        f"{WHOLE}training: {{epochs:5}}\n",
        "x.yaml:4:12  training.epochs:5: unknown option for training; put a space after the colon: 'epochs: 5'",
    ),
    "on and off": (
        f"{WHOLE}training: {{shuffle: off}}\n",
        "x.yaml:4:21  training.shuffle: expected true or false, got 'off'",
    ),
    "a seed of words": (
        f"{WHOLE}seed: lucky\n",
        "x.yaml:4:7  seed: expected a whole number of at least 0, got 'lucky'",
    ),
    "a name that is a number": (
        f"{WHOLE}name: 2024\n",
        "x.yaml:4:7  name: expected a name of letters, digits, '_', '-' and '.', got 2024; put it in quotes: '2024'",
    ),
    "a name that is a path": (
        f"{WHOLE}name: ../x\n",
        "x.yaml:4:7  name: expected a name of letters, digits, '_', '-' and '.', got '../x'",
    ),
    "a name that is too long for a file": (
        f"{WHOLE}name: {'a' * 201}\n",
        "x.yaml:4:7  name: has 201 letters, but files are called by it, so that 200 are the most",
    ),
    "a layer's name that is too long for a file": (
        f"{DATASET}layers: [{{type: dense, units: 1, name: {'a' * 70_000}}}]\nloss: mse\n",
        "x.yaml:2:40  layers[0].name: has 70,000 letters, but files are called by it, so that 200 are the most",
    ),
    "a name that Windows reserves": (
        f"{WHOLE}name: NUL.2\n",
        "x.yaml:4:7  name: Windows reserves names that begin with 'NUL.'",
    ),
    "a list": ("- dense\n", "x.yaml:1:1  expected options such as 'name: ...', got a list"),
    "a word": ("mnist\n", "x.yaml:1:1  expected options such as 'name: ...', got 'mnist'"),
    "x and y of different length": (
        "dataset: {type: inline, x: [1, 2], y: [1]}\n" + REST,
        "x.yaml:1:39  dataset.y: x has 2 rows, but y has 1",
    ),
    "NaN among the rows": (
        "dataset: {type: inline, x: [1, .nan], y: [1, 2]}\n" + REST,
        "x.yaml:1:32  dataset.x[1]: expected a finite number, got .nan",
    ),
    "ragged rows": (
        "dataset: {type: inline, x: [[1, 2], [3]], y: [1, 2]}\n" + REST,
        "x.yaml:1:37  dataset.x[1]: expected a list of 2, as x[0] is, got a list of 1",
    ),
    "names for numbers": (
        "dataset: {type: inline, x: [1, 2], y: [yes, no]}\n" + REST,
        "x.yaml:3:7  loss: mean_squared_error compares numbers, but the targets are names ('yes', 'no'); use "
        "binary_crossentropy",
    ),
    "dropout last": (
        f"{DATASET}layers:\n  - {{type: dense, units: 1}}\n  - {{type: dropout, rate: 0.5}}\nloss: mse\n",
        "x.yaml:4:5  layers[1]: dropout cannot be the last layer: it would drop what the network predicts",
    ),
    "three outputs for ten classes": (
        "dataset: mnist\nlayers:\n  - flatten\n  - {type: dense, units: 3, activation: softmax}\n"
        "loss: sparse_categorical_crossentropy\n",
        "x.yaml:4:26  layers[1].units: the last layer has 3 outputs, but the dataset has 10 classes",
    ),
    "images without flatten": (
        f"dataset: mnist\n{REST}",
        "x.yaml:2:10  layers[0]: dense takes rows of numbers, but its input is 28 x 28; put flatten before it",
    ),
    "a parameter that is not there": (
        f"{WHOLE}training: {{track: [dense.kernl]}}\n",
        "x.yaml:4:20  training.track[0]: there is no parameter 'dense.kernl'; there are dense.kernel, dense.bias",
    ),
    "a key with a line break": (
        f'{WHOLE}"a\\nb": 1\n',
        "x.yaml:4:1  a\\nb: unknown option for a config; it has name, seed, dataset, layers, loss, optimizer, "
        "metrics, training, search",
    ),
    "what an alias stands for": (
        f"{DATASET}layers:\n  - &bad {{type: dense, units: 1, use_bias: 5}}\n  - *bad\nloss: mse\n",
        "x.yaml:3:44  layers[0].use_bias: expected true or false, got 5\n"
        "x.yaml:4:5  layers[1].use_bias: expected true or false, got 5",
    ),
}


@pytest.mark.parametrize(("text", "lines"), CASES.values(), ids=CASES)
def test_what_is_wrong_and_where(text: str, lines: str) -> None:
    assert problems_in(text) == lines.split("\n")


def test_scientific_notation_is_a_number() -> None:
    optimizer = parse_config(f"{WHOLE}optimizer: {{type: sgd, learning_rate: 1e-3}}\n", "x.yaml").optimizer
    assert optimizer == Sgd(learning_rate=0.001)


def test_no_more_lines_than_anyone_reads() -> None:
    lines = problems_in(f"dataset: {{type: linear, slope: 1, intercept: 0, x: [{'a, ' * 1000}]}}\n{REST}")
    assert len(lines) == 51
    assert lines[49] == "x.yaml:1:200  dataset.x[49]: expected a number, got 'a'"
    assert lines[50] == "x.yaml: there are more problems; these are the first 50"


def test_a_line_is_no_longer_than_anyone_reads() -> None:
    (line,) = problems_in(f"{WHOLE}{'a' * 1000}: 1\n")
    assert re.fullmatch("x.yaml:4:1  a{200,} [.]{3} a{100,}: unknown option for a config; it has name, seed, .*", line)
    assert len(line) < 520


def test_a_billion_layers() -> None:
    lines = "".join(f"  l{i + 1}: &l{i + 1} [{', '.join([f'*l{i}'] * 10)}]\n" for i in range(9))
    (line,) = problems_in(f"{WHOLE}laughs:\n  l0: &l0 [dense]\n{lines}")
    assert line == "x.yaml:10:12  the aliases up to here stand for more than 100,000 values or characters"


JUNK = [*"{}[]:,-#&*!|>'\"%@`\t\n \\?.0\x85\u2028é😀\0\ud800", "{type: ", "- ", "<<: ", "*a", "&a ", ".nan", "9" * 400]


def test_no_text_does_worse_than_be_refused_in_lines() -> None:
    rng = random.Random(0)
    lines: list[str] = []
    for _ in range(500):
        text = f"{WHOLE}optimizer: {{type: adam, learning_rate: 0.1}}\ntraining:\n  epochs: 3\n"
        for _ in range(rng.randint(1, 3)):
            start = rng.randrange(len(text))
            text = text[:start] + rng.choice([*JUNK, ""]) + text[start + rng.randint(0, 5) :]
        try:
            parse_config(text, "x.yaml")
        except ConfigError as error:
            lines += error.lines
    assert len(lines) > 500
    assert [line for line in lines if not (line.startswith("x.yaml") and line.isprintable())] == []


def test_plain_data() -> None:
    config = parse_config(WHOLE, "x.yaml")
    assert convert(Config, to_builtins(config)) == config
    assert refusal(partial(convert, Config), {"layers": [], "dataset": "mnist", "loss": "mse"}) == [
        "layers: expected a list of one or more layers, got an empty list"
    ]


@pytest.mark.parametrize(
    ("stem", "name"), [("a" * 240, "a" * 200), ("con.x", "con_x"), ("con", "con"), ("console.x", "console.x")]
)
def test_a_file_whose_stem_is_no_name_for_files(stem: str, name: str) -> None:
    assert parse_config(WHOLE, f"{stem}.yaml").name == name
