"""``mltrain runs``: listing runs, comparing two of them, and deleting some."""

import errno
import os
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from command_runs import columns_of, files, mltrain, pseudo_terminal, succeed

from mltrain.errors import StorageError
from mltrain.runs.removal import remove_run
from mltrain.runs.run import FILES, HISTORY, MODEL
from mltrain.runs.saved_run import SavedRun
from mltrain.views.terminal.run_tables import RunRow, RunsTable

CONFIG = """
name: {name}
dataset: {{type: inline, x: [0, 1, 2, 3, 4, 5], y: {targets}, validation_split: {held_back}}}
layers: [{layers}]
loss: mse
optimizer: {{type: sgd, learning_rate: 0.01}}
training: {{epochs: 3}}
"""

CLASSES = """
name: petals
dataset: {type: inline, x: [[0, 1], [1, 0], [1, 1], [0, 0]], y: [iris, rose, rose, iris]}
layers: [{type: dense, units: 2, activation: softmax}]
loss: sparse_categorical_crossentropy
metrics: [accuracy]
training: {epochs: 2, early_stopping: {monitor: loss}}
"""

PERFECT, NOISY = [1, 3, 5, 7, 9, 11], [1, 4, 5, 9, 9, 15]

DAY = 24 * 3600
FIRST_DAY = datetime(2025, 3, 1, 12, 30).timestamp()


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three runs. Their days are: plain, deep, petals. Do not write to them."""
    folder = tmp_path_factory.mktemp("trained")
    configs = {
        "plain": CONFIG.format(name="line", targets=PERFECT, held_back=0.5, layers="{type: dense, units: 1}"),
        "deep": CONFIG.format(
            name="line", targets=PERFECT, held_back=0, layers="{type: dense, units: 4}, relu, {type: dense, units: 1}"
        ),
        "petals": CLASSES,
    }
    for day, (name, config) in enumerate(configs.items()):
        (folder / f"{name}.yaml").write_text(config)
        out = folder / "runs" / name
        succeed("fit", str(folder / f"{name}.yaml"), "--out", str(out), "--epochs", str(day + 2), "--quiet")
        os.utime(out / MODEL, (FIRST_DAY + day * DAY,) * 2)
    return folder


@pytest.fixture
def runs(trained: Path, work: Path) -> Path:
    """A copy of the three runs, where commands look for them."""
    shutil.copytree(trained / "runs", work / "runs")
    return work / "runs"


def names(*words: str) -> list[str]:
    return [run["run"].removeprefix("runs/") for run in succeed("runs", *words, "--json").document["runs"]]


# Listing


@pytest.mark.parametrize("words", [(), ("list",), ("runs",), ("list", "runs/")])
def test_a_line_for_each_run(runs: Path, words: tuple[str, ...]) -> None:
    done = succeed("runs", *words)
    header, *rows = done.out.splitlines()
    assert columns_of(header) == ["run", "when", "config", "rows", "parameters", "best", "epochs", "time"]
    plain, deep, petals = map(columns_of, rows)
    assert plain[:5] == ["plain", "2025-03-01 12:30", "line", "3", "2"]
    assert deep[:5] == ["deep", "2025-03-02 12:30", "line", "6", "13"]
    assert petals[:5] == ["petals", "2025-03-03 12:30", "petals", "4", "6"]
    assert [row[5].split()[1] for row in (plain, deep, petals)] == ["val_loss", "loss", "accuracy"]
    assert [row[6] for row in (plain, deep, petals)] == ["2", "3", "4"]
    assert all(re.fullmatch(r"[\d.]+ (ms|s)", row[7]) for row in (plain, deep, petals))
    assert done.err == ""


def test_what_all_are_judged_by_is_a_header(runs: Path) -> None:
    shutil.rmtree(runs / "petals")
    shutil.rmtree(runs / "deep")
    header, row = succeed("runs").out.splitlines()
    assert columns_of(header)[5] == "val_loss"
    assert re.fullmatch(r"[\d.]+", columns_of(row)[5])


def test_json_says_the_same_as_the_files(runs: Path) -> None:
    found = {run["run"]: run for run in succeed("runs", "--json").document["runs"]}
    assert list(found) == ["runs/plain", "runs/deep", "runs/petals"]
    columns = SavedRun.read(runs / "plain").history
    assert found["runs/plain"] == {
        "run": "runs/plain",
        "when": datetime.fromtimestamp(FIRST_DAY, UTC).isoformat(),
        "config": "line",
        "rows": 3,
        "parameters": 2,
        "measure": "val_loss",
        "best": min(columns["val_loss"]),
        "epochs": 2,
        "seconds": sum(columns["seconds"]),
    }
    assert found["runs/petals"]["best"] == max(SavedRun.read(runs / "petals").history["accuracy"])


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("run", ["deep", "petals", "plain"]),
        ("when", ["plain", "deep", "petals"]),
        ("config", ["deep", "plain", "petals"]),  # the same config: by name
        ("rows", ["plain", "petals", "deep"]),
        ("parameters", ["plain", "petals", "deep"]),
        ("epochs", ["plain", "deep", "petals"]),
    ],
)
def test_sorted_by_a_column(runs: Path, column: str, expected: list[str]) -> None:
    assert names("--sort", column) == expected
    ties_keep_their_order = ["petals", "deep", "plain"] if column == "config" else expected[::-1]
    assert names("list", "--sort", column, "--reverse") == ties_keep_their_order


@pytest.mark.parametrize(("column", "key"), [("best", "best"), ("time", "seconds")])
def test_sorted_by_what_was_measured(runs: Path, column: str, key: str) -> None:
    for words in ((), ("--reverse",)):
        values = [run[key] for run in succeed("runs", "--sort", column, *words, "--json").document["runs"]]
        assert values == sorted(values, reverse=bool(words))
        assert len(set(values)) == 3


@pytest.mark.parametrize("words", [(), ("--reverse",)])
def test_what_is_not_known_comes_last(runs: Path, words: tuple[str, ...]) -> None:
    (runs / "deep" / HISTORY).unlink()
    assert names("--sort", "epochs", *words)[-1] == "deep"
    deep = columns_of(succeed("runs", "--sort", "time", *words).out.splitlines()[-1])
    assert deep == ["deep", "2025-03-02 12:30", "line", "6", "13", "–", "–", "–"]


def test_a_column_that_is_not_there(runs: Path) -> None:
    expected = "expected run, when, config, rows, parameters, best, epochs, time; did you mean 'epochs'?"
    assert mltrain("runs", "--sort", "epoch") == (2, "", f"error: --sort epoch: {expected}\n")


def test_other_folders_are_named(runs: Path) -> None:
    (runs / "photos").mkdir()
    (runs / "plain" / MODEL).write_text("not a model")
    (runs / "deep" / HISTORY).write_text("epoch,loss\n1,much\n")
    (runs / "notes.txt").write_text("a file is nobody's folder")
    done = succeed("runs")
    assert [columns_of(line)[0] for line in done.out.splitlines()[1:]] == ["petals"]
    deep, photos, plain = done.err.splitlines()
    assert deep == "note: left out: runs/deep/history.csv:2: expected a number for each of epoch, loss"
    assert photos == f"note: left out: runs/photos: holds no {MODEL}, so it is not the folder of a finished run"
    assert plain.startswith(f"note: left out: runs/plain/{MODEL}: ")


def test_many_other_folders_are_counted(runs: Path) -> None:
    for number in range(8):
        (runs / f"photos{number}").mkdir()
    lines = succeed("runs").err.splitlines()
    assert len(lines) == 6
    assert lines[-1] == "note: and 3 other folders that hold no run"


def test_a_link_to_a_model_elsewhere_is_not_followed(runs: Path, tmp_path: Path) -> None:
    (runs / "plain" / MODEL).rename(tmp_path / MODEL)
    (runs / "plain" / MODEL).symlink_to(tmp_path / MODEL)
    assert names() == ["deep", "petals"]


@pytest.mark.parametrize("words", [(), ("empty",)])
def test_nothing_is_there_yet(work: Path, words: tuple[str, ...]) -> None:
    (work / "empty").mkdir()
    place = words[0] if words else "runs"
    said = f"note: there is no run below {place}/ yet; train one with: mltrain fit CONFIG\n"
    assert mltrain("runs", *words) == (0, "", said)
    assert succeed("runs", *words, "--json").document == {"runs": [], "sweeps": []}


def test_a_folder_that_is_not_there() -> None:
    assert mltrain("runs", "elsewhere") == (3, "", "error: elsewhere: cannot be read: No such file or directory\n")


def test_a_narrow_terminal() -> None:
    plain = RunRow("plain", FIRST_DAY, "line", 3, 2, "loss", 0.5, 2, 1.5)
    table = RunsTable([plain, plain._replace(run="deep", measure="accuracy")])

    def shown(width: int | None) -> list[list[str]]:
        lines = ["".join(span.text for span in line) for line in table.lines(width)]
        assert width is None or max(map(len, lines)) <= width
        return [list(columns_of(line)) for line in lines]

    whole = ["plain", "2025-03-01 12:30", "line", "3", "2", "0.5000 loss", "2", "1.50 s"]
    without_config = [*whole[:2], *whole[3:]]
    assert shown(None)[1] == shown(82)[1] == whole
    assert shown(81)[1] == shown(74)[1] == without_config
    assert shown(73)[1] == shown(69)[1] == ["plain", "03-01 12:30", *without_config[2:]]
    assert len(shown(62)) > len(shown(69))  # what may wrap does


# Comparing


def fit(name: str, text: str, *words: str) -> None:
    Path(f"{name}.yaml").write_text(text)
    succeed("fit", f"{name}.yaml", "--out", f"runs/{name}", "--quiet", *words)


def test_configs_and_results_side_by_side(runs: Path) -> None:
    done = succeed("runs", "diff", "plain", "deep")
    config, result = done.out.split("\n\n")
    header, *rows = map(columns_of, config.splitlines())
    assert header == ["config", "plain", "deep"]
    assert rows == [
        ["dataset.validation_split", "0.5", "0.0"],
        ["layers[0]", "–", "{type: dense, units: 4}"],
        ["layers[1]", "–", "relu"],
        ["training.epochs", "2", "3"],
    ]
    header, *rows = map(columns_of, result.splitlines())
    assert header == ["result", "plain", "deep"]
    assert ["epochs", "2", "3"] in rows
    assert ["parameters", "2", "13"] in rows
    assert ["train rows", "3", "6"] in rows
    assert ["validation rows", "3", "–"] in rows
    plain, deep = (SavedRun.read(runs / name) for name in ("plain", "deep"))
    document = succeed("runs", "diff", "plain", "runs/deep", "--json").document
    assert document["runs"] == [f"runs/plain/{MODEL}", f"runs/deep/{MODEL}"]
    assert document["result"]["loss"] == [plain.history["loss"][-1], deep.history["loss"][-1]]
    assert document["result"]["val_loss"] == [plain.history["val_loss"][-1], None]
    assert document["result"]["data"] == [plain.model.origin.data, deep.model.origin.data]


def test_options_are_named_by_their_path_and_layers_aligned(work: Path) -> None:
    first, last = "{type: dense, units: 4, activation: tanh}", "{type: dense, units: 1}"
    fit("old", CONFIG.format(name="a", targets=PERFECT, held_back=0, layers=f"{first}, {last}"))
    layers = f"{first.replace('4', '5')}, flatten, {last}"
    fit("new", CONFIG.format(name="a", targets=NOISY, held_back=0, layers=layers), "--set", "optimizer.momentum=0.9")
    assert succeed("runs", "diff", "old", "new", "--json").document["config"] == [
        {"path": "dataset.y", "old": PERFECT, "new": NOISY},
        {"path": "layers[0].units", "old": 4, "new": 5},
        {"path": "layers[1]", "old": None, "new": "flatten"},
        {"path": "optimizer.momentum", "old": 0.0, "new": 0.9},
    ]


def test_identical_runs(runs: Path) -> None:
    document = succeed("runs", "diff", "plain", "plain", "--json").document
    assert document["config"] == []
    assert all(old == new for old, new in document["result"].values())
    out = succeed("runs", "diff", "plain", "runs/plain").out
    assert out.startswith("the configs are the same\n")
    assert columns_of(out.splitlines()[2]) == ["result", "runs/plain", "runs/plain"]


def test_what_cannot_be_compared(runs: Path) -> None:
    done = mltrain("runs", "diff", "plain", "missing")
    assert (done.code, done.out, done.err.count("\n")) == (3, "", 1)
    assert done.err.startswith("error: missing")


# Deleting


def test_only_what_is_named_is_deleted(runs: Path) -> None:
    kept = files(runs / "petals")
    done = mltrain("runs", "rm", "plain", "runs/deep", "plain", "--yes")
    assert done == (0, "", "note: deleted runs/plain\nnote: deleted runs/deep\n")
    assert files(runs.parent) == {} if not runs.exists() else [path.name for path in runs.iterdir()] == ["petals"]
    assert files(runs / "petals") == kept


def test_every_file_that_mltrain_writes_is_deleted_and_no_other(runs: Path) -> None:
    folder = runs / "petals"
    (folder / "plots").mkdir()
    for name in (*FILES, "report.html", "plots/curve.png", "plots/confusion.svg"):
        if not (folder / name).exists():
            (folder / name).write_bytes(b"anything")
    foreign = ["notes.txt", "model.npz.bak", "plots/holiday.png", "data/rows.csv"]
    (folder / "data").mkdir()
    for name in foreign:
        (folder / name).write_text("mine")
    done = succeed("runs", "rm", "petals", "--yes")
    left = "data, model.npz.bak, notes.txt, plots"
    assert done.err == f"note: deleted runs/petals, except for what is not mltrain's: {left}\n"
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()) == sorted(foreign)


def test_links_are_not_followed(runs: Path, tmp_path: Path) -> None:
    (tmp_path / "plots").mkdir()
    for name in ("plots/curve.png", "best.npz", "report.html"):
        (tmp_path / name).write_text("mine")
    for name in ("plots", "best.npz", "report.html"):
        (runs / "plain" / name).unlink(missing_ok=True)
        (runs / "plain" / name).symlink_to(tmp_path / name)
    done = succeed("runs", "rm", "plain", "--yes")
    assert done.err.endswith("except for what is not mltrain's: best.npz, plots, report.html\n")
    assert all((tmp_path / name).read_text() == "mine" for name in ("plots/curve.png", "best.npz", "report.html"))
    assert all((runs / "plain" / name).is_symlink() for name in ("plots", "best.npz", "report.html"))


def test_a_link_to_a_run_is_refused(runs: Path) -> None:
    (runs / "newest").symlink_to("plain")
    before = files(runs / "plain")
    said = "error: runs/newest: is a symbolic link; name the folder itself\n"
    assert mltrain("runs", "rm", "newest", "--yes") == (2, "", said)
    assert files(runs / "plain") == before


def test_nothing_is_deleted_where_one_is_no_run(runs: Path, work: Path) -> None:
    (work / "photos").mkdir()
    (work / "photos" / "config.yaml").write_text("other: program")
    (work / "photos" / HISTORY).write_text("when,what\n")
    before = files(runs / "plain")
    gone = "gone: there is no such file or folder, and no run of that name below runs/"
    refused = "is not the folder of a run: it holds neither a model nor a history of mltrain"
    assert mltrain("runs", "rm", "plain", "photos", "--yes") == (2, "", f"error: photos: {refused}\n")
    assert mltrain("runs", "rm", "plain", "gone", "-y") == (2, "", f"error: {gone}\n")
    assert files(runs / "plain") == before
    assert len(files(work / "photos")) == 2


def test_in_a_pipe_nobody_is_asked(runs: Path) -> None:
    before = files(runs / "plain")
    said = "error: nobody can be asked here whether to delete runs/plain; say so with --yes\n"
    assert mltrain("runs", "rm", "plain") == (2, "", said)
    assert files(runs / "plain") == before


@pytest.mark.parametrize(("answer", "deleted"), [("", False), ("y", True)])
def test_on_a_terminal_somebody_is_asked(runs: Path, answer: str, deleted: bool) -> None:
    with pseudo_terminal("runs", "rm", "plain", "deep") as terminal:
        terminal.wait_for("Delete 2 runs, runs/plain, runs/deep? [y/N]")
        terminal.type(f"{answer}\n")
        assert terminal.wait_for_end() == 0
    assert ("nothing was deleted" in terminal.shown) != deleted
    assert (runs / "plain").exists() == (runs / "deep").exists() == (not deleted)


class Unplugged:
    """A disk that is there for so many steps."""

    def __init__(self, steps: int):
        self._left = steps

    def needed_by(self, work: Callable[..., None]) -> Callable[..., None]:
        def step(path: Path, **options: bool) -> None:
            if not self._left:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            self._left -= 1
            work(path, **options)

        return step


def removals(run: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Remove a copy of ``run``, broken off after 0, 1, 2... steps; then the copy is in ``broken``."""
    for step in range(20):
        disk = Unplugged(step)
        shutil.copytree(run, "broken")
        with monkeypatch.context() as broken:
            for name in ("unlink", "rmdir"):
                broken.setattr(Path, name, disk.needed_by(getattr(Path, name)))
            try:
                assert remove_run(Path("broken")) == []
                return
            except StorageError as error:
                reason = str(error)
        assert reason == "broken: cannot be removed: Input/output error"
        yield step
        shutil.rmtree("broken", ignore_errors=True)
    raise AssertionError("it never ended")


def test_a_removal_that_is_broken_off_leaves_a_whole_run_or_none(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (runs / "petals" / "plots").mkdir()
    (runs / "petals" / "plots" / "curve.png").write_bytes(b"")
    whole = SavedRun.read(runs / "petals")
    outcomes = []
    for _ in removals(runs / "petals", monkeypatch):
        outcomes.append(Path("broken", MODEL).exists())
        if outcomes[-1]:
            left = SavedRun.read(Path("broken"))
            assert left.history == whole.history
            assert left.model.config == whole.model.config
            assert (left.model.network.parameters == whole.model.network.parameters).all()
        elif any(Path("broken").iterdir()):
            succeed("runs", "rm", "broken", "--yes")
            assert not Path("broken").exists()
    assert outcomes == sorted(outcomes, reverse=True)
    assert outcomes.count(True) > 3
    assert outcomes.count(False) >= 3
    assert not Path("broken").exists()
