"""The same config and seed give the same model.npz, whoever looks, wherever it runs, and however Python is set up."""

import csv
from pathlib import Path

import pytest
from command_runs import Done, files, in_own_process, lesson, pseudo_terminal, succeed

import mltrain

CONFIG = """\
seed: 3
dataset: {type: playground, shape: spiral, samples: 90, noise: 0.2, validation_split: 0.2, test_split: 0.1}
layers:
  - {type: dense, units: 6, activation: gelu, kernel_initializer: orthogonal}
  - {type: dropout, rate: 0.3}
  - {type: dense, units: 5, activation: tanh, bias_initializer: random_normal}
  - {type: dense, units: 1, activation: sigmoid}
loss: binary_crossentropy
optimizer:
  type: adamw
  learning_rate: {type: cosine_decay, initial_learning_rate: 0.01, decay_steps: 30}
  clip_norm: 0.5
metrics: [accuracy, f1]
training: {epochs: 4, batch_size: 7}
"""
"""All that is drawn at random: data, noise, splits, weights, the order of rows, dropout; and a short last batch."""


@pytest.fixture
def config(work: Path) -> str:
    (work / "all.yaml").write_text(CONFIG, "utf-8")
    succeed("fit", "all.yaml", "--out", "first")
    return "all.yaml"


def assert_same(*folders: str | Path) -> None:
    """Each run's model, config and history are those of the first run; a history's seconds are of its own."""
    first, *others = (without_seconds(Path(folder)) for folder in ("first", *folders))
    assert others
    for other in others:
        assert other == first


def without_seconds(folder: Path) -> dict[str, object]:
    content = files(folder)
    rows = list(csv.DictReader(content["history.csv"].decode().splitlines()))
    assert rows
    history = [{name: value for name, value in row.items() if name != "seconds"} for row in rows]
    return {"model": content["model.npz"], "config": content["config.yaml"], "history": history}


@pytest.mark.parametrize(
    "words", [["--quiet"], ["--json"], ["--profile"], ["--frames", "5"], ["--live"], ["--threads", "1"]], ids=" ".join
)
def test_whoever_looks(config: str, words: list[str]) -> None:
    succeed("fit", config, "--out", "again", *words)
    assert_same("again")


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONHASHSEED": "0"},
        {"PYTHONHASHSEED": "12345"},
        {"PYTHONOPTIMIZE": "1", "TZ": "Pacific/Kiritimati", "LC_ALL": "C", "COLUMNS": "20"},
    ],
    ids=lambda environment: " ".join(environment),
)
def test_however_python_is_set_up(config: str, environment: dict[str, str]) -> None:
    assert_done(in_own_process("fit", config, "--out", "again", **environment))
    assert_same("again")


def test_on_a_terminal(config: str) -> None:
    with pseudo_terminal("fit", config, "--out", "watched") as terminal:
        assert terminal.wait_for_end() == 0
    assert "all" in terminal.shown
    assert_same("watched")


def test_from_another_folder_and_in_a_process_that_has_trained_before(
    config: str, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = work.parent / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    succeed("fit", lesson("xor"), "--epochs", "2")
    succeed("fit", str(work / config), "--out", "again")
    monkeypatch.chdir(work)
    assert_same(elsewhere / "again")


def test_by_the_config_of_the_run(config: str) -> None:
    succeed("fit", "first/config.yaml", "--out", "again")
    assert_same("again")


def test_by_the_options_of_the_command(config: str, work: Path) -> None:
    (work / "all.yaml").write_text(CONFIG.replace("seed: 3", "seed: 8").replace("epochs: 4", "epochs: 1"), "utf-8")
    succeed("fit", config, "--seed", "3", "--epochs", "4", "--out", "again")
    assert_same("again")


def test_from_python(config: str, work: Path) -> None:
    """Twice: nothing of the first training is left in what the second one starts from."""
    loaded = mltrain.load_config(config)
    for _ in range(2):
        mltrain.fit(loaded, folder=work).save("again.npz")
        assert Path("again.npz").read_bytes() == files(work / "first")["model.npz"]


def test_another_seed_gives_other_bytes(config: str, work: Path) -> None:
    succeed("fit", config, "--seed", "4", "--out", "other")
    assert files(work / "other")["model.npz"] != files(work / "first")["model.npz"]


def test_a_large_network_shared_by_two_processes(work: Path) -> None:
    """On a machine with one core, or of another kind, it is trained by one: the same bytes all the same."""
    (work / "large.yaml").write_text(
        "dataset: {type: linear, slope: 1, intercept: 0, x: {type: normal}, samples: 64}\n"
        "layers: [{type: dense, units: 256, activation: relu}, {type: dense, units: 256}, {type: dense, units: 1}]\n"
        "loss: mse\n"
        "training: {epochs: 2}\n",
        "utf-8",
    )
    for folder, seed in (("first", "1"), ("again", "2")):
        environment = {"PYTHONHASHSEED": seed, "MLTRAIN_THREADS": "2"}
        assert_done(in_own_process("fit", "large.yaml", "--threads", "2", "--out", folder, **environment))
    assert_same("again")


def assert_done(done: Done) -> None:
    assert done.code == 0, done.err
