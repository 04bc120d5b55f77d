"""How the config that ``init csv`` writes depends on the table: its rows, its inputs, its target."""

import random
from pathlib import Path
from typing import Any

import pytest

from mltrain.commands.init_table import config_for
from mltrain.config.load import load_config


def written(folder: Path, rows: int, *, words: int = 0, numbers: int = 2, classes: bool = True) -> tuple[str, Any]:
    """The text and the config for a table of random numbers, and of a column of as many different words."""
    chance = random.Random(0)
    names = [f"n{number}" for number in range(numbers)]
    lines = [",".join([*names, *["word"] * bool(words), "goal"])]
    for row in range(rows):
        cells = [f"{chance.random():.4f}" for _ in names]
        cells += [f"word{row % max(1, words)}"] * bool(words)
        lines.append(",".join([*cells, "yn"[row % 2] if classes else f"{chance.random():.4f}"]))
    (folder / "t.csv").write_text("\n".join(lines) + "\n")
    text, _ = config_for(folder / "t.csv", "goal", folder, {})
    (folder / "t.yaml").write_text(text)
    return text, load_config(folder / "t.yaml")


def kinds(config: Any) -> list[str]:
    return [layer.type_name() for layer in config.layers]


@pytest.mark.parametrize("rows", [12, 19, 20, 300])
def test_config_can_be_read_at_a_glance(tmp_path, rows):
    text, _ = written(tmp_path, rows, words=3)
    assert len(text.splitlines()) <= 25
    assert max(map(len, text.splitlines())) <= 120
    assert "docs/first-model.md" in text


@pytest.mark.parametrize(
    ("columns", "embeds"),
    [
        ({"numbers": 2}, True),
        ({"numbers": 128}, True),
        ({"numbers": 129}, False),
        ({"numbers": 1, "words": 40}, True),
        ({"numbers": 100, "words": 40}, False),
        ({"numbers": 0, "words": 3}, False),
    ],
)
def test_few_inputs_with_numbers_among_them_are_embedded(tmp_path, columns, embeds):
    _, config = written(tmp_path, 400 if columns.get("words") else 100, **columns)
    assert kinds(config) == ["periodic_embedding"] * embeds + ["dense", "dropout", "dense", "dropout", "dense"]


def test_what_is_held_back_depends_on_the_rows(tmp_path):
    _, config = written(tmp_path, 19)
    assert (config.dataset.validation_split, config.dataset.test_split) == (0, 0.2)
    assert config.training.early_stopping is None
    assert config.training.epochs == 100
    for rows in (20, 1999):
        _, config = written(tmp_path, rows)
        assert (config.dataset.validation_split, config.dataset.test_split) == (0, 0)
        assert config.training.early_stopping.folds == 3
    _, config = written(tmp_path, 2000)
    assert (config.dataset.validation_split, config.dataset.test_split) == (0.1, 0.1)
    assert config.training.early_stopping.folds is None
    assert config.training.early_stopping.restore_best


@pytest.mark.parametrize("rows", [80, 800, 3000])
def test_training_takes_as_many_steps_whatever_the_rows(tmp_path, rows):
    _, config = written(tmp_path, rows)
    trained = 1 - config.dataset.validation_split - config.dataset.test_split
    steps = config.training.epochs * rows * trained / config.training.batch_size
    assert steps == pytest.approx(6000, rel=0.01)
    share = 0.05 if config.training.early_stopping.folds else 0.2
    assert config.training.early_stopping.patience == pytest.approx(config.training.epochs * share, abs=0.5)


def test_target_decides_on_the_end_of_the_network(tmp_path):
    _, config = written(tmp_path, 60)
    assert (config.layers[-1].units, config.layers[-1].activation.type_name()) == (2, "softmax")
    _, config = written(tmp_path, 60, classes=False)
    assert (config.layers[-1].units, config.loss.type_name()) == (1, "mean_squared_error")


@pytest.mark.parametrize(("rows", "decay"), [(300, 0.5), (3999, 0.5), (4000, 0.1)])
def test_weights_decay_less_where_there_are_many_rows(tmp_path, rows, decay):
    _, config = written(tmp_path, rows)
    assert config.optimizer.weight_decay == decay
