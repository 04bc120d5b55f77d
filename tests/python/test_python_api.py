"""What Python programs use: `mltrain.fit`, `load_config`, `load_model`, the model, errors and warnings."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import mltrain
from mltrain.config import Config
from mltrain.config.load import parse_config
from mltrain.errors import MltrainError
from mltrain.names.other_tools import _MEMBERS, _OPTIONS

LINE = """
seed: 1
dataset: {type: linear, slope: 3, intercept: 1, x: [-1, 0, 1, 2, 3, 4], validation_split: 0.3}
layers:
  - {type: dense, units: 2, name: hidden}
  - {type: dense, units: 1}
loss: mse
training: {epochs: 2}
"""
AS_DICT: dict[str, Any] = {
    "seed": 1,
    "dataset": {"type": "linear", "slope": 3, "intercept": 1, "x": (-1, 0, 1, 2, 3, 4), "validation_split": 0.3},
    "layers": [{"type": "dense", "units": np.int64(2), "name": "hidden"}, {"type": "dense", "units": 1}],
    "loss": "mse",
    "training": {"epochs": 2},
}


def config(*overrides: str) -> Config:
    return parse_config(LINE, "line.yaml", overrides)


def test_fit_trains_a_config_and_tells_of_each_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    told: list[mltrain.EpochReport] = []
    model = mltrain.fit(config(), on_epoch=told.append)
    assert [report.epoch for report in told] == [1, 2]
    assert model.history == told
    assert all(report.val_loss is not None for report in told)
    assert model.predict([[10.0]]).shape == (1, 1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", [str, Path])
def test_fit_reads_a_file(kind: Any, tmp_path: Path) -> None:
    (tmp_path / "line.yaml").write_text(LINE)
    model = mltrain.fit(kind(tmp_path / "line.yaml"))
    assert model.config.name == "line"
    assert np.array_equal(model.network.parameters, mltrain.fit(config()).network.parameters)


@pytest.mark.filterwarnings("ignore::mltrain.MltrainWarning")
def test_fit_says_that_training_diverged() -> None:
    with pytest.raises(mltrain.TrainingDiverged, match="training diverged: in epoch "):
        mltrain.fit(config("optimizer.learning_rate=1000", "training.epochs=100"))


def test_a_saved_model_is_found_as_the_newest_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(mltrain.MltrainError, match="there is no run below runs/ yet"):
        mltrain.load_model()
    model = mltrain.fit(config())
    Path("runs/line-001").mkdir(parents=True)
    model.save("runs/line-001/model.npz")
    for path in (None, "runs/line-001", Path("runs/line-001/model.npz")):
        assert np.array_equal(mltrain.load_model(path).network.parameters, model.network.parameters)


def test_the_package_has_what_it_says() -> None:
    assert all(hasattr(mltrain, name) for name in mltrain.__all__)
    with pytest.raises(AttributeError, match=r"^module 'mltrain' has no attribute 'train'$") as caught:
        mltrain.train  # noqa: B018
    assert (caught.value.name, caught.value.obj) == ("train", mltrain)
    assert set(mltrain.__all__) == set(mltrain._MODULES)
    assert {*mltrain.__all__, "__version__"} <= set(dir(mltrain))
    assert not [name for name in dir(mltrain) if name.startswith("_") and not name.startswith("__")]


def test_all_errors_can_be_reached() -> None:
    family = MltrainError.__subclasses__()
    public = {error.__name__ for error in family}
    assert len(public) >= 8
    assert public <= set(mltrain.__all__)
    assert issubclass(mltrain.MltrainWarning, UserWarning)


def test_dir_names_the_public_names_before_any_was_used() -> None:
    code = "import mltrain, sys; assert 'fit' in dir(mltrain); assert 'numpy' not in sys.modules"
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_a_dict_means_what_the_same_file_means() -> None:
    made = mltrain.load_config(AS_DICT, ["training.epochs=3"])
    assert made.training.epochs == 3
    assert made.dataset == config().dataset
    assert np.array_equal(mltrain.fit(AS_DICT).network.parameters, mltrain.fit(config()).network.parameters)
    assert np.array_equal(
        mltrain.fit(config(), ["seed=3"]).network.parameters, mltrain.fit(config("seed=3")).network.parameters
    )


def test_a_missing_file_is_told_in_its_place_with_all_other_mistakes() -> None:
    rows = {"type": "csv", "path": "nowhere.csv", "target": "y"}
    for wrong, others in ({}, 0), ({"los": "mse"}, 1):
        with pytest.raises(mltrain.ConfigError) as caught:
            mltrain.fit({**TABLE_DICT, "dataset": rows, **wrong})
        assert isinstance(caught.value, mltrain.DataError) == (not others)
        assert [str(problem.path) for problem in caught.value.problems].count("('dataset', 'path')") == 1
        assert len(caught.value.problems) == 1 + others


def test_what_is_wrong_in_a_dict_is_told_by_its_path() -> None:
    wrong = {**AS_DICT, "layers": [{"type": "dense", "unit": 2}], "los": "mse"}
    with pytest.raises(mltrain.ConfigError) as caught:
        mltrain.fit(wrong, ["training.epoch=1"])
    assert caught.value.lines == (
        "override training.epoch=1  training.epoch: unknown option for training; did you mean 'epochs'?",
        "layers[0].unit: unknown option for dense; did you mean 'units'?",
        "los: unknown option for a config; did you mean 'loss'?",
    )
    assert all(isinstance(problem, mltrain.Problem) for problem in caught.value.problems)
    assert "--" not in str(caught.value)
    with pytest.raises(mltrain.ConfigError) as caught:
        mltrain.fit({**AS_DICT, "layers": [{"type": "dense", "units": 2}]})
    assert caught.value.lines == (
        "layers[0].units: the last layer gives 2 numbers a row, but the dataset has 1 target a row",
    )


@pytest.mark.parametrize("wrong", [None, 3, ["a.yaml"], np.zeros(3)])
def test_what_is_no_config_is_refused(wrong: Any) -> None:
    for call in (mltrain.fit, mltrain.load_config):
        with pytest.raises(
            mltrain.UsageError, match=r"^expected a config: the path of a file, a dict, or what load_con"
        ):
            call(wrong)


TABLE = "{dataset: {type: csv, path: rows.csv, target: y}, layers: [{type: dense, units: 1}], loss: mse}"


def table(folder: Path, slope: int) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "rows.csv").write_text("a,y\n" + "".join(f"{a},{slope * a}\n" for a in range(8)))


def test_a_config_keeps_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another file of the same name stands in the working folder."""
    table(tmp_path / "sub", 2)
    table(tmp_path / "here", -5)
    (tmp_path / "sub/c.yaml").write_text(TABLE)
    monkeypatch.chdir(tmp_path)
    loaded = mltrain.load_config("sub/c.yaml")
    monkeypatch.chdir(tmp_path / "here")
    trained = mltrain.fit(loaded)
    assert trained.origin == mltrain.fit(tmp_path / "sub/c.yaml").origin
    assert trained.origin == mltrain.fit(mltrain.load_config(TABLE_DICT, folder="../sub")).origin
    assert trained.origin == mltrain.fit(TABLE_DICT, folder="../sub").origin
    assert trained.origin != mltrain.fit(TABLE_DICT).origin
    trained.save(tmp_path / "model.npz")
    assert mltrain.load_model(tmp_path / "model.npz").config.dataset.path == "rows.csv"  # type: ignore[attr-defined]


TABLE_DICT = {
    "dataset": {"type": "csv", "path": Path("rows.csv"), "target": "y"},
    "layers": [{"type": "dense", "units": 1}],
    "loss": "mse",
}


def test_layers_are_taken_over_from_a_model_or_its_file(tmp_path: Path) -> None:
    model = mltrain.fit(config())
    model.save(tmp_path / "model.npz")
    for start in (model, tmp_path / "model.npz", str(tmp_path / "model.npz")):
        again = mltrain.fit(config("training.epochs=0", "seed=9"), init_from=start)
        assert np.array_equal(again.network.parameters, model.network.parameters)
    with pytest.raises(mltrain.ModelFileError) as caught:
        mltrain.fit(config(), init_from=tmp_path / "no.npz")
    assert caught.value.path == str(tmp_path / "no.npz")


def test_warnings_are_given_once_and_name_no_option_of_the_command_line() -> None:
    with pytest.warns(mltrain.MltrainWarning) as given:
        mltrain.fit(config("dataset.x=[-1, 0, 1, 2, 3, 40]", "optimizer.learning_rate=1e-6"))
    assert [str(one.message) for one in given] == [
        "the inputs reach from -1 to 40; networks learn best from numbers around -1 to 1: "
        "divide them, or expect to need a tiny learning rate"
    ]
    assert Path(given[0].filename) == Path(__file__)
    with pytest.warns(mltrain.MltrainWarning, match=r"^layer hidden is frozen .* of a trained model with init_from$"):
        mltrain.fit(config("layers.0.trainable=false"))
    with pytest.warns(mltrain.MltrainWarning, match=r"^the loss grows, from .* in epoch 1 to .* in epoch 2: the learn"):
        mltrain.fit(config("optimizer.learning_rate=0.35"))


@pytest.mark.filterwarnings("ignore::mltrain.MltrainWarning")
def test_messages_name_no_option_of_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run").mkdir()
    (tmp_path / "run/checkpoint.npz").write_text("")
    (tmp_path / "line.yaml").write_text(LINE)
    calls: list[Any] = [
        lambda: mltrain.load_model(),
        lambda: mltrain.load_model("run"),
        lambda: mltrain.load_config("line.yaml", ["seed"]),
        lambda: mltrain.load_config("line.yaml", ["sed=1"]),
        lambda: mltrain.load_config("line.yaml", ["seed=a"]),
        lambda: mltrain.fit("lin.yaml"),
        lambda: mltrain.fit("line.yaml", ["optimizer.learning_rate=1e30"]),
        lambda: mltrain.fit("line.yaml", ["layers.0.units=1000000000"]),
    ]
    for call in calls:
        with pytest.raises(MltrainError) as caught:
            call()
        assert " --" not in str(caught.value)
        assert not str(caught.value).startswith("--")


def test_advice_on_names_of_other_tools_names_no_option_of_the_command_line() -> None:
    for noun, advice in {
        **_OPTIONS,
        **{noun: advice for noun, advice in _MEMBERS.items() if noun != "command"},
    }.items():
        assert advice
        assert not [text for text in advice.values() if " --" in text], noun


@pytest.mark.filterwarnings("error")
def test_what_is_left_out_of_a_folder_of_images_is_a_warning(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        Image.new("L", (2, 2)).save(tmp_path / name / "a.png")
    (tmp_path / "one/notes.txt").write_text("no image")
    flat = [{"type": "flatten"}, {"type": "dense", "units": 2, "activation": "softmax"}]
    made = {
        "dataset": {"type": "images", "path": tmp_path, "height": 2, "width": 2},
        "layers": flat,
        "loss": "sparse_categorical_crossentropy",
        "training": {"epochs": 0},
    }
    with pytest.warns(mltrain.MltrainWarning, match="notes.txt|1 file"):
        mltrain.fit(made)


def test_reprs_are_short() -> None:
    rows = ", ".join(map(str, range(5000)))
    made = config(f"dataset={{type: inline, x: [{rows}], y: [{rows}]}}", "training.epochs=0")
    assert repr(made) == (
        "<Config line: inline; {type: dense, units: 2, name: hidden}, {type: dense, units: 1}; mean_squared_error, "
        "sgd, epochs 0, batch_size 32, seed 1>"
    )
    model = mltrain.fit(config())
    assert repr(model) == (
        f"<Model line: 1 -> 1, 2 layers, 7 parameters, mean_squared_error; trained for 2 epochs, "
        f"loss {model.history[-1].loss:.4g}>"
    )


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Ctrl-C means what it means in a program by default, whatever the tests' parent has made of it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def interrupting(epoch: int, times: int = 1) -> Any:
    def on_epoch(report: mltrain.EpochReport) -> None:
        if report.epoch == epoch:
            for _ in range(times):
                os.kill(os.getpid(), signal.SIGINT)

    return on_epoch


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_gives_what_was_learned_so_far() -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(mltrain.TrainingInterrupted) as caught:
        mltrain.fit(config("training.epochs=9"), on_epoch=interrupting(2))
    assert (caught.value.epoch, caught.value.step, caught.value.steps) == (2, 1, 1)
    expected = mltrain.fit(config("training.epochs=2"))
    assert np.array_equal(caught.value.model.network.parameters, expected.network.parameters)
    assert [report.epoch for report in caught.value.model.history] == [1, 2]
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.usefixtures("ctrl_c")
def test_a_second_ctrl_c_ends_at_once() -> None:
    with pytest.raises(KeyboardInterrupt):
        mltrain.fit(config("training.epochs=9"), on_epoch=interrupting(2, times=2))


def test_fit_in_another_thread_leaves_signals_alone() -> None:
    models: list[mltrain.Model] = []
    thread = threading.Thread(target=lambda: models.append(mltrain.fit(config())))
    thread.start()
    thread.join()
    assert len(models) == 1
