"""``mltrain code``: where the script goes, and what is refused."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from command_runs import mltrain, succeed


def test_a_script_is_printed_or_written(here: Path, tmp_path: Path) -> None:
    printed = succeed("code", "configs/linear.yaml", "--framework", "torch").out
    out = tmp_path / "linear.py"
    done = succeed("code", "configs/linear.yaml", "--framework", "torch", "--out", out)
    assert (done.out, done.err) == ("", f"note: the script is in {out}\n")
    assert out.read_text() == printed
    document = succeed("code", "configs/linear.yaml", "--framework", "torch", "--json").document
    assert document == {"framework": "torch", "script": printed}


def test_files_are_not_written_over(here: Path, tmp_path: Path) -> None:
    out = tmp_path / "mine.py"
    out.write_text("mine")
    for option, framework in (("--out", "keras"), ("--data", "torch")):
        done = mltrain("code", "configs/linear.yaml", "--framework", framework, option, out)
        told = f"error: {out} is there already; name another file with {option}, or write over it with --force\n"
        assert done == (2, "", told)
    assert out.read_text() == "mine"
    succeed("code", "configs/linear.yaml", "--framework", "keras", "--out", out, "--force")
    assert "keras.Sequential" in out.read_text()


def test_unknown_frameworks_are_refused(here: Path) -> None:
    told = "error: say for what the script is: --framework keras, torch or numpy\n"
    assert mltrain("code", "configs/linear.yaml") == (2, "", told)
    done = mltrain("code", "configs/linear.yaml", "--framework", "jax")
    assert done.code == 2
    assert "'keras', 'torch', 'numpy'" in done.err


def test_what_a_framework_lacks_has_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("images.yaml").write_text(
        "dataset: {type: shapes, samples: 30}\n"
        "layers:\n"
        "  - {type: random_zoom, height_factor: 0.1}\n"
        "  - {type: random_flip, mode: horizontal}\n"
        "  - flatten\n"
        "  - {type: dense, units: 3, activation: softmax}\n"
        "loss: sparse_categorical_crossentropy\n"
    )
    reason = "PyTorch itself has no random transformations of images; torchvision has"
    done = mltrain("code", "images.yaml", "--framework", "torch")
    assert done.code == 2
    assert done.err.splitlines() == [
        f"error: images.yaml:3:5  layers[0]: random_zoom cannot be written for torch: {reason}",
        f"       images.yaml:4:5  layers[1]: random_flip cannot be written for torch: {reason}",
    ]


def test_folds_and_a_rate_that_reacts(here: Path) -> None:
    folds = ["training.early_stopping={folds: 3}", "dataset.validation_split=0", "dataset.test_split=0.2"]
    rate = "optimizer.learning_rate={type: reduce_on_plateau, initial_learning_rate: 0.1, monitor: loss}"
    settings = [word for change in (*folds, rate) for word in ("--set", change)]
    for framework in ("keras", "torch", "numpy"):
        done = mltrain("code", "configs/iris.yaml", "--framework", framework, *settings)
        assert done.code == 2
        told = (
            "training.early_stopping.folds: in a script, each fold has a learning rate of its own, which cannot react"
        )
        assert told in done.err


def test_rows_that_a_few_lines_cannot_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dates, gaps and decimal commas: mltrain writes such rows to a file."""
    monkeypatch.chdir(tmp_path)
    rows = [f"2024-0{1 + row % 3}-1{row % 9};{row},5;{'' if row % 5 == 0 else row * 2};{row * 3}" for row in range(40)]
    Path("rows.csv").write_text("\n".join(["day;height;width;weight", *rows]) + "\n")
    Path("rows.yaml").write_text(
        "dataset: {type: csv, path: rows.csv, target: weight, test_split: 0.25}\n"
        "layers: [{type: dense, units: 1}]\nloss: mse\nmetrics: [mean_absolute_error]\n"
    )
    told = "error: rows.yaml:1:10  dataset: the rows of this dataset cannot be told in a few lines of code"
    assert mltrain("code", "rows.yaml", "--framework", "keras").err.startswith(told)
    done = succeed("code", "rows.yaml", "--framework", "keras", "--data", "rows.npz")
    assert done.err == "note: the rows are in rows.npz\n"
    assert 'rows = dict(np.load("rows.npz"))' in done.out
    with np.load("rows.npz", allow_pickle=False) as arrays:
        assert arrays["x_train"].shape[0] == arrays["y_train"].shape[0] == 30
        assert arrays["x_test"].shape == (10, arrays["x_train"].shape[1])
        assert abs(arrays["y_train"].mean()) < 1e-6
        assert arrays["target_deviation"] > 1


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (["1", "2", "3", "4"], True),
        (["1e0", " 2", "+3", "4."], True),
        (["1,5", "2,5", "3,5", "4,5"], False),
        (["$1", "$2", "$3", "$4"], False),
        (["1", "", "3", "4"], True),
        (["1", "n/a", "3", "NA"], True),
        (["1", "unknown", "3", "4"], False),
    ],
)
def test_tables_are_told_where_the_code_reads_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cells: list[str], told: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [f'"{cell}",{"ab"[row % 2]},{row}' for row, cell in enumerate(cells * 30)]
    Path("rows.csv").write_text("\n".join(["size,kind,price", *rows]) + "\n")
    Path("rows.yaml").write_text(
        "dataset: {type: csv, path: rows.csv, target: price}\nlayers: [{type: dense, units: 1}]\nloss: mse\n"
    )
    done = mltrain("code", "rows.yaml", "--framework", "torch")
    assert (done.code == 0) == told, done.err


def test_weights_of_another_network_or_of_other_rows(here: Path, tmp_path: Path) -> None:
    quick = ["--quiet", "--epochs", "0"]
    succeed("fit", "configs/iris.yaml", *quick, "--out", tmp_path / "iris")
    done = mltrain("code", "configs/circle.yaml", "--framework", "torch", "--weights", tmp_path / "iris")
    model = tmp_path / "iris" / "model.npz"
    assert done == (3, "", f"error: {model}: is a model of other layers: 'dense.kernel' is not the same in circle\n")
    changed = ["--set", "seed=5"]
    done = mltrain("code", "configs/iris.yaml", "--framework", "torch", "--weights", tmp_path / "iris", *changed)
    assert done.err.replace("\n         ", " ") == (
        f"error: {model}: was trained on other rows, by which it scales its inputs; give the config of its run, "
        "config.yaml\n"
    )
    text = succeed("code", "configs/iris.yaml", "--framework", "torch", "--weights", tmp_path / "iris").out
    assert "weights = dict(" in text


def test_the_rows_of_a_script_are_those_of_the_file(here: Path, tmp_path: Path) -> None:
    """A script's own rows, run apart from mltrain."""
    text = succeed("code", "configs/penguins.yaml", "--framework", "torch").out
    rows = text[: text.index("# layers")].replace("import torch\n", "").replace("from torch import nn\n", "")
    shown = "print(x_train.shape, x_test.shape, y_train.dtype, round(float(deviation[0]), 3))"
    done = subprocess.run([sys.executable, "-c", rows + shown], capture_output=True, text=True, check=True)
    assert done.stdout == "(266, 12) (67, 12) float32 766.908\n"


def test_gaps_and_rare_names_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers with gaps, names with gaps, rare names, yes and no, and rows without a target."""
    monkeypatch.chdir(tmp_path)
    rows = [
        f"{'' if row % 4 == 0 else row % 7};{'' if row == 50 else row % 5};"
        f"{f'rare{row // 40}' if row % 20 == 7 else ['a', 'b', ''][row % 3]};{'yes' if row % 2 else 'no'};"
        f"{'' if row % 30 == 3 else row % 11}"
        for row in range(240)
    ]
    Path("rows.csv").write_text("\n".join(["often;seldom;kind;asked;price", *rows]) + "\n")
    for settings in ("", ", missing: drop", ", standardize: false", ", min_max: true"):
        Path("rows.yaml").write_text(
            f"dataset: {{type: csv, path: rows.csv, target: price, test_split: 0.25{settings}}}\n"
            "layers: [{type: dense, units: 1}]\nloss: mse\ntraining: {epochs: 0}\n"
        )
        done = mltrain("code", "rows.yaml", "--framework", "numpy")
        assert done.code == 0, done.err
        assert ("gaps(" in done.out) == ("others(" in done.out) == (settings != ", missing: drop")


def test_a_table_without_a_header_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its columns are called by their numbers; lines without cells and rows without a target are left out."""
    monkeypatch.chdir(tmp_path)
    Path("rows.csv").write_text("".join(f"{row},{row % 7 or ''},{row % 5}\n\n" for row in range(40)))
    Path("rows.yaml").write_text(
        "dataset: {type: csv, path: rows.csv, target: column_2, test_split: 0.25}\n"
        "layers: [{type: dense, units: 1}]\nloss: mse\ntraining: {epochs: 0}\n"
    )
    text = succeed("code", "rows.yaml", "--framework", "numpy").out
    assert "    rows = list(filter(None, csv.reader(file)))\n" in text
    assert "rows = [row for row in rows if row[1] not in missing]\n" in text
    assert 'table = {f"column_{n}": np.array(cells)' in text


def test_an_ensemble_has_no_script(here: Path, tmp_path: Path) -> None:
    folder = str(tmp_path / "iris")
    succeed("fit", "configs/iris.yaml", "--members", "2", "--epochs", "1", "--quiet", "--out", folder)
    done = mltrain("code", "configs/iris.yaml", "--framework", "numpy", "--weights", folder)
    assert done.code == 3
    assert "is an ensemble of 2 networks, and a script has one" in done.err


def test_pytorch_refuses_to_train_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("frozen.yaml").write_text(
        "dataset: {type: inline, x: [1, 2], y: [1, 2]}\n"
        "layers: [{type: dense, units: 1, trainable: false}]\n"
        "loss: mse\n"
    )
    done = mltrain("code", "frozen.yaml", "--framework", "torch")
    assert done.err.startswith("error: frozen.yaml:2:9  layers: nothing here is trainable")
    for words in (["torch", "--set", "training.epochs=0"], ["keras"], ["numpy"]):
        succeed("code", "frozen.yaml", "--framework", *words)


def test_dropout_of_a_graph_is_off_in_evaluation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`model.eval()` reaches only modules that are made once: not those made in each call of forward."""
    monkeypatch.chdir(tmp_path)
    Path("graph.yaml").write_text(
        "dataset: {type: inline, x: [[1, 2], [3, 4]], y: [1, 2]}\n"
        "layers:\n"
        "  - {type: dense, units: 2, name: first}\n"
        "  - {type: dropout, rate: 0.5}\n"
        "  - {type: add, inputs: [dropout, first]}\n"
        "  - {type: dense, units: 1}\n"
        "loss: mse\n"
    )
    text = succeed("code", "graph.yaml", "--framework", "torch").out
    assert "        self.dropout = nn.Dropout(0.5)\n" in text
    assert "        x = self.dropout(first)\n" in text
