"""``early_stopping: {refit: true}``: the network learns from the validation rows, too, once they have said how long."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from command_runs import mltrain, stopped_at, succeed
from noisy_runs import fit, parameters, refused

import mltrain as library
from mltrain.config.load import parse_config
from mltrain.data.base import LazyDataset
from mltrain.job import TrainingJob, prepare

NOISY = """\
name: noisy
seed: 2
dataset: {type: linear, slope: 3, intercept: 1, x: normal, samples: 40, noise_stddev: 0.5, validation_split: 0.25}
layers: [{type: dense, units: 8, activation: tanh}, {type: dropout, rate: 0.25}, {type: dense, units: 1}]
loss: mse
optimizer: {type: sgd, learning_rate: 0.3}
metrics: [mae]
training: {epochs: 20, batch_size: 7, early_stopping: {patience: 2, refit: true}}
"""
"""It stops after a few epochs, since the rate is high."""

WITHOUT = ("--set", "training.early_stopping.refit=false")
STEPS = 5
"""Of an epoch before the refit; of one in it there are 6."""


@pytest.fixture(autouse=True)
def config(work: Path) -> str:
    (work / "noisy.yaml").write_text(NOISY, "utf-8")
    return "noisy.yaml"


def job_of(*settings: str) -> TrainingJob:
    return prepare(parse_config(NOISY, "noisy.yaml", settings), Path())


@pytest.mark.parametrize(
    "setting",
    [
        "seed=2",
        "training.batch_size=full",
        "training.shuffle=false",
        "training.gradient_accumulation=2",
        "training.early_stopping.restore_best=false",
        "optimizer={type: adam, learning_rate: {type: cosine_decay, initial_learning_rate: 0.3, decay_steps: 20}}",
        "optimizer={type: sgd, learning_rate: {type: reduce_on_plateau, initial_learning_rate: 0.3, monitor: mae}}",
        "optimizer={type: adam, learning_rate: 0.3, use_ema: true}",
    ],
)
def test_it_is_a_training_on_all_these_rows_for_the_best_number_of_epochs(setting: str) -> None:
    job = job_of(setting)
    reports = list(job.train())
    assert job.monitor is not None
    best = job.monitor.best_epoch
    assert best is not None
    assert (job.refit and (job.refit.epochs, job.refit.rows)) == (best, 40)
    assert [report.epoch for report in reports] == list(range(1, len(reports) + 1))

    rows, both = job.dataset, job.dataset.trained_on_validation
    assert rows.validation is not None
    assert both.train.y.tolist() == [*rows.train.y.tolist(), *rows.validation.y.tolist()]
    alone = parse_config(NOISY, "noisy.yaml", [setting, "training.early_stopping=null", f"training.epochs={best}"])
    again = prepare(alone, Path(), LazyDataset.of(both, alone.dataset, alone.seed, Path()))
    list(again.train())
    assert job.network.parameters.tolist() == again.network.parameters.tolist()
    assert job.network.parameters.tolist() != job.monitor.best.tolist()


def test_the_first_weights_may_be_those_of_another_model() -> None:
    first = fit("--epochs", "1", "--set", "training.early_stopping=null")["model"]
    job = job_of()
    job.start_from(library.load_model(first))
    list(job.train())
    assert job.refit is not None
    assert job.refit.first.tolist() == parameters(first)
    whole = fit("--init-from", first, "--out", "whole")
    fit("--init-from", first, "--out", "run", "--epochs", "1")
    succeed("fit", "--resume", "run", "--epochs", "20", "--quiet")
    assert parameters("run") == parameters(whole["model"]) == job.network.parameters.tolist()


@pytest.mark.parametrize(("first", "settings", "warns"), [
    ("run", (), True),
    ("run/best.npz", (), False),
    ("run", ("--set", "seed=3"), False),  # other rows validate
    ("run", ("--set", "training.early_stopping=null", "--set", "dataset.validation_split=0"), False),
])  # fmt: skip
def test_a_model_that_knows_the_validation_rows_is_told_as_a_start(
    first: str, settings: tuple[str, ...], warns: bool
) -> None:
    fit("--out", "run")
    done = succeed("fit", "noisy.yaml", "--init-from", first, "--epochs", "1", *settings)
    said = "warning: the model to start from has learned from the rows that validate, so the numbers" in " ".join(
        done.err.split()
    )
    assert said == warns


def test_the_run_has_the_network_of_the_best_epoch_beside_it() -> None:
    document, without = fit("--out", "run"), fit("--out", "without", *WITHOUT)
    assert 0 < document["best"]["epoch"] < document["epochs"] < 20
    assert document.pop("refit") == {"epochs": document["best"]["epoch"], "rows": 40}
    changing = ("run", "model", "seconds")
    assert {name: value for name, value in document.items() if name not in changing} == {
        name: value for name, value in without.items() if name not in changing
    }
    assert Path("run/best.npz").read_bytes() != Path("run/model.npz").read_bytes()
    assert parameters("run/best.npz") == parameters("without")
    assert parameters("run/last.npz") == parameters("without/last.npz")
    assert library.load_model("run").refit.epochs == document["best"]["epoch"]
    assert library.load_model("run/best.npz").refit is library.load_model("without").refit is None
    histories = [
        [{**row, "seconds": ""} for row in csv.DictReader((Path(run) / "history.csv").read_text("utf-8").splitlines())]
        for run in ("run", "without")
    ]
    assert histories[0] == histories[1]


def test_fit_says_what_the_model_is(capsys: pytest.CaptureFixture[str]) -> None:
    done = mltrain("fit", "noisy.yaml")
    best = library.load_model("runs/noisy-001").refit.epochs
    said = f"note: training again for {best} epochs, on the validation rows, too"
    assert done.err.splitlines().index(said) > 0
    assert f"model    trained again on all 40 rows, for {best} epochs in " in done.err
    assert f"that of epoch {best}, the best by val_loss, is best.npz" in " ".join(done.err.split())
    assert "next     mltrain predict --x " in done.err  # there are no rows left to evaluate on


def test_there_are_no_validation_rows_any_more() -> None:
    fit("--out", "run")
    evaluated = succeed("evaluate", "--model", "run", "--json").document
    assert (evaluated["split"], evaluated["samples"]) == ("train", 40)
    evaluated = succeed("evaluate", "--model", "run/best.npz", "--json").document
    assert (evaluated["split"], evaluated["samples"]) == ("validation", 10)
    assert library.load_model("run").origin.rows == {"train": 40}
    assert [library.load_model(f"run/{name}.npz").origin.rows for name in ("best", "last")] == [
        {"train": 30, "validation": 10}
    ] * 2
    assert "rows        train 40; SHA-256" in succeed("summary", "--model", "run").out


def test_a_temperature_is_not_learned_from_rows_that_were_trained_on() -> None:
    Path("points.yaml").write_text(
        "dataset: {type: playground, shape: circle, samples: 60, validation_split: 0.3}\n"
        "layers: [{type: dense, units: 1, activation: sigmoid}]\n"
        "loss: binary_crossentropy\n"
        "training: {epochs: 2, early_stopping: {refit: true}}\n",
        "utf-8",
    )
    succeed("fit", "points.yaml", "--out", "run", "--quiet")
    done = mltrain("why", "--model", "run", "--calibrate")
    assert done.code == 2
    assert "and this model learned from them, too; name a file" in " ".join(done.err.split())


def test_an_exported_model_is_measured_on_no_rows_that_it_learned_from() -> None:
    fit("--out", "run")
    fit("--out", "without", *WITHOUT)
    for run, measured in (("run", False), ("without", True)):
        succeed("export", "--model", run, "--to", "html", "--out", f"{run}.html")
        assert ("On 10 validation rows" in Path(f"{run}.html").read_text("utf-8")) is measured


def test_stopped_in_between_it_is_the_network_of_the_best_epoch_and_can_go_on() -> None:
    with stopped_at(fit("--out", "whole")["epochs"] * STEPS + 8):  # in the second epoch of the refit
        done = mltrain("fit", "noisy.yaml", "--out", "run")
    best = library.load_model("whole").refit.epochs
    assert done.code == 130
    assert done.err.splitlines()[-1] == f"error: stopped in the second training, in epoch 2 of {best}"
    assert "note: what was learned so far is saved: run/model.npz" in done.err
    assert Path("run/model.npz").read_bytes() == Path("run/best.npz").read_bytes()
    assert parameters("run") == parameters("whole/best.npz")
    assert library.load_model("run").refit is None
    succeed("fit", "--resume", "run", "--quiet")
    assert Path("run/model.npz").read_bytes() == Path("whole/model.npz").read_bytes()


def test_in_python_the_model_so_far_is_that_of_the_best_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    fit("--out", "whole")
    monkeypatch.setattr("mltrain.training.refit.Refit._train_epoch", _interrupted)
    with pytest.raises(library.TrainingInterrupted) as caught:
        library.fit("noisy.yaml")
    assert caught.value.model.network.parameters.tolist() == parameters("whole/best.npz")


def _interrupted(*_: object) -> None:
    raise library.TrainingInterrupted("stopped")


def test_a_refit_that_diverges_leaves_what_was_learned_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The validation rows alone have a number beyond all others."""
    x = [*np.linspace(-1, 1, 9).tolist(), 1e18]
    Path("x.yaml").write_text(
        f"dataset: {{type: inline, x: {json.dumps(x)}, y: {json.dumps([2 * one for one in x])}, "
        "validation_split: 0.1, split: chronological}\n"
        "layers: [{type: dense, units: 1}]\nloss: mse\noptimizer: {type: sgd, learning_rate: 0.1}\n"
        "training: {epochs: 3, batch_size: 1, early_stopping: {monitor: loss, refit: true}}\n",
        "utf-8",
    )
    done = mltrain("fit", "x.yaml", "--out", "run")
    assert done.code == 4
    assert "training diverged: in the second training, in epoch 1, step " in " ".join(done.err.split())
    assert "note: the network before that, the best by loss, is saved: run" in done.err
    assert parameters("run") == parameters("run/best.npz")


def test_folds_and_members_are_trained_again_each_on_its_own_rows() -> None:
    folds = fit("--folds", "3", "--out", "folds")
    assert sum(one["rows"] for one in folds["folds"]) == 40
    model = library.load_model("folds")
    members = [member for member, _ in model.networks()]
    assert all(member.refit for member in members)
    assert model.refit.epochs == max(member.refit.epochs for member in members)
    members = [
        member for member, _ in library.load_model(fit("--members", "2", "--out", "members")["model"]).networks()
    ]
    assert members[0].network.parameters.tolist() == parameters(fit("--out", "one")["model"])
    evaluated = succeed("evaluate", "--model", "members", "--json").document
    assert (evaluated["split"], evaluated["samples"]) == ("train", 40)


def test_a_sweep_trains_again_with_the_best_parameters_only() -> None:
    search = "search: {sampler: grid, metric: val_loss, parameters: {optimizer.learning_rate: [0.3, 0.1]}}\n"
    Path("sweep.yaml").write_text(NOISY + search, "utf-8")
    document = succeed("sweep", "sweep.yaml", "--json").document
    plain = [fit(*WITHOUT, "--set", f"optimizer.learning_rate={rate}")["val_loss"] for rate in (0.3, 0.1)]
    assert sorted(one["value"] for one in document["trials"]) == sorted(plain)
    assert library.load_model(document["model"]).refit
    assert parameters(document["model"]) == parameters(
        succeed("fit", document["best_config"], "--json").document["run"]
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            ["dataset.validation_split=0"],
            "no rows are held back for validation, so there are none to train again on; set dataset.validation_split, "
            "or leave refit out",
        ),
        (
            ["optimizer={type: sgd, learning_rate: {type: reduce_on_plateau, initial_learning_rate: 0.1}}"],
            "in the second training there are no rows to validate on, so there is no 'val_loss' for the learning rate "
            "to follow; let it follow the loss, or leave refit out",
        ),
    ],
)
def test_what_it_cannot_do_without(settings: list[str], message: str) -> None:
    said = refused(*settings)
    assert "noisy.yaml:8:" in said
    assert f"training.early_stopping.refit: {message}" in said


def test_without_a_best_epoch_there_is_no_refit() -> None:
    job = job_of("training.epochs=0")
    assert list(job.train()) == []
    assert job.refit is not None
    assert job.refit.epochs == 0
    assert job.model([]).refit is None
