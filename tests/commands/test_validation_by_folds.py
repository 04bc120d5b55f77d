"""``early_stopping: {folds: 4}``: each row validates once, and the network that comes of it is trained on all rows."""

import csv
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_runs import lesson, mltrain, stopped_at, succeed
from msgspec.structs import replace
from noisy_runs import fit, parameters, refused

import mltrain as library
from mltrain.commands.plot import insight_of
from mltrain.config.load import parse_config
from mltrain.data.base import LazyDataset, Split
from mltrain.data.folds import dealt_folds
from mltrain.job import TrainingJob, prepare
from mltrain.runs.saved_run import SavedRun

NOISY = """\
name: noisy
seed: 2
dataset: {type: linear, slope: 3, intercept: 1, x: normal, samples: 42, noise_stddev: 0.5}
layers: [{type: dense, units: 8, activation: tanh}, {type: dense, units: 1}]
loss: mse
optimizer: {type: sgd, learning_rate: 0.3}
metrics: [mae]
training: {epochs: 20, batch_size: 7, early_stopping: {patience: 2, folds: 4}}
"""


@pytest.fixture(autouse=True)
def config(work: Path) -> str:
    (work / "noisy.yaml").write_text(NOISY, "utf-8")
    return "noisy.yaml"


def job_of(*settings: str) -> TrainingJob:
    return prepare(parse_config(NOISY, "noisy.yaml", settings), Path())


def on(job: TrainingJob, rows: Split, seed: int, epochs: int, *settings: str) -> TrainingJob:
    """The training of the same first weights on these rows, for so many epochs and without validation."""
    plain = [*settings, "training.early_stopping=null", f"training.epochs={epochs}", f"seed={seed}"]
    config = parse_config(NOISY, "noisy.yaml", plain)
    dataset = LazyDataset.of(replace(job.dataset, train=rows), config.dataset, seed, Path())
    found = prepare(config, Path(), dataset)
    found.network.parameters[...] = job.fresh().network.parameters
    return found


@pytest.mark.parametrize(
    "setting",
    [
        "name=plain",
        "training.batch_size=full",
        "training.shuffle=false",
        "training.gradient_accumulation=2",
        "layers.0={type: dense, units: 8, activation: tanh, kernel_regularizer: l2}",
        "optimizer={type: adam, learning_rate: {type: exponential_decay, initial_learning_rate: 0.3, decay_steps: 9, "
        "decay_rate: 0.5}, use_ema: true}",
    ],
)
def test_reports_are_the_means_of_trainings_that_leave_out_a_fold_each(setting: str) -> None:
    job = job_of(setting)
    reports = list(job.train())
    x, y = job.dataset.train
    assert job.folds is not None
    folds = job.folds.folds
    assert np.sort(np.concatenate(folds)).tolist() == list(range(42))
    assert [len(fold) for fold in folds] == [11, 11, 10, 10]
    assert job.monitor is not None
    best = job.monitor.best_epoch
    assert best is not None
    assert best <= len(reports)
    losses, steps = np.zeros(best), 0
    for number, fold in enumerate(folds):
        rest = np.setdiff1d(np.arange(42), fold)
        own = on(job, Split(x[rest], y[rest]), 2 + number, best, setting)
        for epoch, _ in enumerate(own.train()):
            held = own.model([]).evaluate(Split(x[fold], y[fold]))
            losses[epoch] += held.loss * len(fold) / 42
        steps += own.blank_report.steps
        assert job.folds.best[number].tolist() == own.network.parameters.tolist()
    assert [report.val_loss for report in reports[:best]] == pytest.approx(losses.tolist(), rel=1e-6)
    assert reports[0].steps == job.blank_report.steps == steps
    again = on(job, job.dataset.train, 2, best, setting)
    list(again.train())
    assert job.network.parameters.tolist() == again.network.parameters.tolist()
    held_out = job.model(reports).refit
    assert held_out is not None
    assert held_out.epochs == best
    assert held_out.held_out == {"loss": reports[best - 1].val_loss, **reports[best - 1].val_metrics}


def test_each_fold_has_its_share_of_every_class_and_may_lack_a_rare_one() -> None:
    labels = np.array([0] * 20 + [1] * 9 + [2], np.int32)
    folds = dealt_folds(30, 4, np.random.default_rng(0), labels)
    counts = np.array([np.bincount(labels[fold], minlength=3) for fold in folds])
    assert (counts[:, 0] == 5).all()
    assert sorted(counts[:, 1].tolist()) == [2, 2, 2, 3]
    assert sorted(counts[:, 2].tolist()) == [0, 0, 0, 1]


def test_folds_have_their_share_of_classes_that_are_numbers() -> None:
    classes = ["dataset={type: inline, x: [[1], [2], [3], [4], [5], [6], [7], [8]], y: [0, 0, 1, 0, 0, 1, 0, 1]}",
               "layers=[{type: dense, units: 1, activation: sigmoid}]", "loss=binary_crossentropy",
               "metrics=[accuracy]", "training.early_stopping.folds=3"]  # fmt: skip
    folds, y = job_of(*classes).folds, np.array([0, 0, 1, 0, 0, 1, 0, 1])
    assert folds is not None
    assert [y[fold].sum() for fold in folds.folds] == [1, 1, 1]
    assert job_of().labels is None


def test_with_tracked_parameters_the_loss_is_measured_of_each_network_on_its_own_rows() -> None:
    job = job_of("training.track=[dense_1.bias]", "training.epochs=2")
    reports, (x, y) = list(job.train()), job.dataset.train
    assert job.folds is not None
    losses = []
    for number, rest in enumerate(job.folds.others):
        own = on(job, Split(x[rest], y[rest]), 2 + number, 2)
        list(own.train())
        losses.append(own.model([]).evaluate(own.dataset.train).loss)
    shares = [len(rest) for rest in job.folds.others]
    assert reports[-1].loss == pytest.approx(np.average(losses, weights=shares), rel=1e-6)


def test_evaluate_measures_on_what_the_folds_left_out() -> None:
    document = fit("--out", "run")
    assert "best.npz" not in {path.name for path in Path("run").iterdir()}
    evaluated = succeed("evaluate", "--model", "run", "--json").document
    assert (evaluated["split"], evaluated["samples"]) == ("out of fold", 42)
    # One number over all rows, and a mean of folds that differ by a row.
    assert evaluated["metrics"]["mean_absolute_error"] == pytest.approx(document["val_metrics"]["mean_absolute_error"])
    with Path("run/out_of_fold.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["row"]) for row in rows] == list(range(1, 43))
    job = job_of()
    list(job.train())
    assert job.folds is not None
    fold = job.folds.folds[2]
    said = job.model([]).with_parameters(job.folds.best[2]).outputs(job.dataset.train.x[fold])
    mine = [float(rows[number]["predicted_y"]) for number in fold]
    assert mine == pytest.approx(said.ravel().tolist(), rel=1e-6)
    assert {rows[number]["fold"] for number in fold} == {"3"}


def test_metrics_are_of_all_rows_that_folds_left_out_together() -> None:
    document = fit("--out", "run", "--set", "metrics=[r2, rmse, mae]", "--set", "training.early_stopping.folds=42")
    assert document["epochs"] > 1
    found = succeed("evaluate", "--model", "run", "--json").document
    assert found["split"] == "out of fold"
    assert document["val_metrics"] == pytest.approx(found["metrics"], rel=1e-5)  # the mean of r2 of a row each is 0
    assert document["val_loss"] == pytest.approx(found["loss"], rel=1e-5)
    assert library.load_model("run").refit.held_out == {"loss": document["val_loss"], **document["val_metrics"]}


def test_without_the_rows_of_the_folds_the_means_stand_beside_the_rows_trained_on() -> None:
    document = fit("--out", "run")
    Path("run/out_of_fold.csv").unlink()
    done = succeed("evaluate", "--model", "run", "--json")
    assert (done.document["split"], done.document["samples"]) == ("train", 42)
    assert done.document["held_out"] == {"loss": document["val_loss"], **document["val_metrics"]}
    assert "warning: the model was trained on all of these rows" in done.err


@pytest.mark.parametrize("lines", [0, 1, 2, 42])
def test_a_table_that_was_cut_off_is_refused(lines: int) -> None:
    fit("--out", "run")
    path = Path("run/out_of_fold.csv")
    path.write_text("".join(path.read_text("utf-8").splitlines(keepends=True)[:lines]), "utf-8")
    for command in ("evaluate", "report"):
        done = mltrain(command, "--model", "run")
        assert (done.code, done.err) == (3, f"error: {path}: is not what mltrain wrote of the folds of this model\n")


def test_numbers_beyond_all_others_are_infinite() -> None:
    fit("--out", "run")
    path = Path("run/out_of_fold.csv")
    first, _, last = path.read_text("utf-8").rstrip("\n").rpartition(",")
    assert float(last)
    path.write_text(f"{first},1e300\n", "utf-8")
    evaluated = succeed("evaluate", "--model", "run", "--json")
    assert evaluated.document["loss"] is None
    assert "warning: loss is inf" in evaluated.err


def test_without_the_data_at_the_end_the_model_is_saved_and_the_table_is_missed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path("rows.csv").write_text("x,y\n" + "".join(f"{row},{2 * row}\n" for row in range(24)), "utf-8")
    Path("rows.yaml").write_text(
        "dataset: {type: csv, path: rows.csv, target: y}\n"
        "layers: [{type: dense, units: 1}]\nloss: mse\ntraining: {epochs: 2, early_stopping: {folds: 3}}\n",
        "utf-8",
    )
    train = TrainingJob.train

    def losing_the_file(*args: Any, **options: Any) -> Any:
        yield from train(*args, **options)
        Path("rows.csv").unlink()

    monkeypatch.setattr(TrainingJob, "train", losing_the_file)
    done = succeed("fit", "rows.yaml", "--out", "run", "--quiet")
    said = "warning: there is no out_of_fold.csv, which needs the numbers of the rows in the data: "
    assert said in " ".join(done.err.split())
    assert library.load_model("run").refit is not None
    assert not Path("run/out_of_fold.csv").exists()


def test_rows_of_the_test_are_in_no_fold() -> None:
    document = fit("--out", "run", "--set", "dataset.test_split=0.5")
    assert document["refit"] == {"epochs": document["best"]["epoch"], "rows": 21}
    evaluated = succeed("evaluate", "--model", "run", "--json").document
    assert (evaluated["split"], evaluated["samples"]) == ("test", 21)


def test_fit_says_that_it_is_trained_on_all_rows() -> None:
    done = succeed("fit", "noisy.yaml")
    said = " ".join(done.err.split())
    assert "note: training again for " in said
    assert "model trained again on all 42 rows, for " in said
    assert ": the best by val_loss of 4 folds saved" in said
    assert done.err.splitlines()[-1] == "next     mltrain evaluate"


def test_stopped_in_the_first_training_it_is_the_network_of_the_first_fold() -> None:
    with stopped_at(30):
        done = mltrain("fit", "noisy.yaml", "--out", "run")
    assert done.code == 130
    assert "note: the network of the first fold is saved: run/model.npz" in done.err
    assert re.search(r"error: stopped in epoch 2 after step \d+ of 20\n$", done.err)
    assert library.load_model("run").refit is None
    succeed("fit", "--resume", "run", "--quiet")
    fit("--out", "whole")
    for name in ("model.npz", "out_of_fold.csv"):
        assert Path("run", name).read_bytes() == Path("whole", name).read_bytes()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            ["dataset.validation_split=0.1"],
            "the folds validate, and so do rows that the dataset holds back for it; leave out one of the two",
        ),
        (
            ["dataset.split=chronological"],
            "rows are in the order of time, and folds are dealt at random; take dataset.validation_split and refit",
        ),
        (["training.early_stopping.folds=43"], "43 folds of 42 rows leave some without a row; ask for fewer"),
        (
            ["optimizer={type: sgd, learning_rate: {type: reduce_on_plateau, initial_learning_rate: 0.1}}"],
            "in the second training there are no rows to validate on, so there is no 'val_loss' for the learning rate "
            "to follow; let it follow the loss, or leave folds out",
        ),
    ],
)
def test_what_does_not_go_with_folds(settings: list[str], message: str) -> None:
    assert f"training.early_stopping.folds: {message}" in refused(*settings)


def test_rows_that_belong_together_are_not_dealt_by_chance() -> None:
    Path("rows.csv").write_text("who,x,y\n" + "".join(f"p{row // 4},{row},{row % 2}\n" for row in range(24)), "utf-8")
    Path("rows.yaml").write_text(
        "dataset: {type: csv, path: rows.csv, target: y, group: who}\n"
        "layers: [{type: dense, units: 1}]\nloss: mse\ntraining: {early_stopping: {folds: 3}}\n",
        "utf-8",
    )
    done = mltrain("check", "rows.yaml")
    assert done.code == 2
    assert "rows of one 'who' belong together, and folds are dealt at random" in " ".join(done.err.split())


def test_fold_members_and_trials_have_folds_of_their_own() -> None:
    folds = fit("--folds", "3", "--out", "folds")
    assert [one["rows"] for one in folds["folds"]] == [14] * 3
    members = [member for member, _ in library.load_model(fit("--members", "2", "--out", "two")["model"]).networks()]
    assert members[0].network.parameters.tolist() == parameters(fit("--out", "one")["model"])
    search = "search: {sampler: grid, metric: val_loss, parameters: {optimizer.learning_rate: [0.3, 0.1]}}\n"
    Path("sweep.yaml").write_text(NOISY + search, "utf-8")
    document = succeed("sweep", "sweep.yaml", "--json").document
    plain = [fit("--set", f"optimizer.learning_rate={rate}")["val_loss"] for rate in (0.3, 0.1)]
    assert sorted(one["value"] for one in document["trials"]) == sorted(plain)
    assert Path(document["run"], "out_of_fold.csv").is_file()


def test_images_that_the_model_explains_are_called_trained_on() -> None:
    x, y = np.random.default_rng(0).random((12, 4, 4), np.float32), np.arange(12) % 2
    np.savez("images.npz", x=x, y=y)
    Path("images.yaml").write_text(
        "dataset: {type: npz, path: images.npz}\n"
        "layers: [flatten, {type: dense, units: 2, activation: softmax}]\n"
        "loss: sparse_categorical_crossentropy\n"
        "training: {epochs: 1, early_stopping: {folds: 3}}\n",
        "utf-8",
    )
    succeed("fit", "images.yaml", "--out", "run", "--quiet")
    explained = insight_of(SavedRun.read(Path("run")), None).to_explain
    assert [image.x.tolist() for image in explained] == x[:5].tolist()
    assert {image.rows for image in explained} == {"the rows that it was trained on"}
    assert Path("run/out_of_fold.csv").exists()
    succeed("report", "run")


def test_calibration_is_that_of_the_folds() -> None:
    succeed("fit", lesson("iris"), "--epochs", "3", "--out", "run", "--quiet", "--set", "dataset.test_split=0",
            "--set", "training.early_stopping.folds=3")  # fmt: skip
    said = " ".join(succeed("why", "run").out.split())
    assert "changes on 150 rows (train)" in said
    assert "by how sure it is on 150 rows (out of fold); expected error" in said
    record = SavedRun.read(Path("run"))
    error = insight_of(record, None).answers.calibration.error
    assert succeed("why", "run", "--json").document["calibration"]["expected_error"] == pytest.approx(error)


def test_pictures_are_of_the_rows_that_the_folds_left_out() -> None:
    succeed("fit", lesson("iris"), "--epochs", "3", "--out", "run", "--quiet", "--set", "dataset.test_split=0",
            "--set", "training.early_stopping.folds=3")  # fmt: skip
    evaluated = succeed("evaluate", "--model", "run", "--json").document
    assert (evaluated["split"], sum(map(sum, evaluated["confusion"]["counts"]))) == ("out of fold", 150)
    succeed("report", "--model", "run", "--out", "report.html")
    page = Path("report.html").read_text("utf-8")
    assert "first training, best epoch, on rows held out" in page
    assert "saved model, " not in page
