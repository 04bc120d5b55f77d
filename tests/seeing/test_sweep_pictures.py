"""A sweep as arrays, pictures, text and a page, from the files of its folder alone."""

import csv
import json
import math
import random
import re
import sys
from pathlib import Path

import pytest

pytest.importorskip("matplotlib", reason="pictures need the extra 'plot'")

from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from mltrain.cli import app
from mltrain.errors import DataError, UsageError
from mltrain.runs.saved_sweep import SavedSweep
from mltrain.views.insight.sweep_insight import SweepInsight
from mltrain.views.pictures.gallery import Gallery, gallery_of_sweep, sweep_pictures
from mltrain.views.plotting.style import DARK, LIGHT, drawn
from mltrain.views.report.sweep_page import sweep_page

CONFIG = """\
name: looked_at
dataset: {type: inline, x: [[0, 1], [1, 0], [1, 1], [0, 0]], y: [0, 1, 1, 0], validation_split: 0.5}
layers: [{type: dense, units: 4, activation: relu}, {type: dropout, rate: 0.1}, {type: dense, units: 1}]
loss: mse
optimizer: adam
search:
  trials: 40
  metric: val_loss
  parameters:
    optimizer.learning_rate: {min: 0.0001, max: 1, scale: log}
    layers.0.units: {min: 4, max: 16, step: 4}
    layers.1.rate: {min: 0, max: 0.5}
    layers.0.activation: [relu, tanh]
    optimizer: [adam, {type: sgd, momentum: 0.9}]
"""
PATHS = ["layers.0.activation", "optimizer", "optimizer.learning_rate", "layers.0.units", "layers.1.rate"]
SGD = "{type: sgd, momentum: 0.9}"


def write_sweep(folder: Path, rows: list[dict[str, object]], config: str = CONFIG) -> Path:
    folder.mkdir()
    (folder / "sweep.yaml").write_text(config)
    with (folder / "trials.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, list(dict.fromkeys(name for row in rows for name in row)), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    return folder


def row(number: int, state: str, rate: float, value: float | None, **more: object) -> dict[str, object]:
    return {
        "trial": number, "state": state, "layers.0.activation": "relu", "optimizer": "adam",
        "optimizer.learning_rate": rate, "layers.0.units": 8, "layers.1.rate": 0.25,
        "epochs": 3, "seconds": "0.125000", "loss": 0.5,
        "val_loss": "" if value is None else value, "error": "it diverged" if state == "failed" else "", **more,
    }  # fmt: skip


@pytest.fixture
def few(tmp_path: Path) -> Path:
    """Six trials: the fourth is the best, the second was pruned, the fifth failed, and the sixth is far off."""
    rows = [
        row(1, "complete", 0.001, 0.5),
        row(2, "pruned", 0.2, 0.9),
        row(3, "complete", 0.01, 0.4, **{"optimizer": SGD, "layers.0.activation": "tanh"}),
        row(4, "complete", 0.02, 0.3, **{"layers.0.units": 16}),
        row(5, "failed", 0.9, None),
        row(6, "complete", 0.0005, 1e9),
    ]
    return write_sweep(tmp_path / "few", rows)


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """Forty trials that depend on the learning rate, and hardly on anything else."""
    numbers = random.Random(3)
    rows = []
    for number in range(1, 41):
        rate = 10 ** numbers.uniform(-4, 0)
        value = (math.log10(rate) + 2) ** 2 + 1 + 0.01 * numbers.random()
        chosen = {"layers.0.units": numbers.choice([4, 8, 12, 16]), "optimizer": numbers.choice(["adam", SGD])}
        rows.append(row(number, "complete", rate, value, **chosen))
    return write_sweep(tmp_path / "many", rows)


def insight(folder: Path) -> SweepInsight:
    sweep = SavedSweep.at(folder)
    assert sweep is not None
    return SweepInsight(sweep)


def test_a_sweep_is_read_back_with_values_of_their_kinds(few: Path) -> None:
    sweep = insight(few).sweep
    assert sweep.best is not None
    assert (sweep.best.number, sweep.best.value, sweep.metric, sweep.rises) == (4, 0.3, "val_loss", False)
    assert dict(sweep.trials[2].values) == dict(zip(PATHS, ["tanh", SGD, 0.01, 8, 0.25], strict=True))
    assert [(one.state, one.value) for one in sweep.trials][1::3] == [("pruned", 0.9), ("failed", None)]
    assert SavedSweep.at(few.parent) is None


def test_the_course_is_of_complete_trials_and_the_axis_leaves_out_what_is_far_off(few: Path) -> None:
    found = insight(few)
    assert found.course == [0.5, 0.5, 0.4, 0.3, 0.3, 0.3]
    objective = found.objective
    assert (objective.low, objective.high, objective.beyond) == (0.3, 0.9, frozenset({5}))
    assert found.best == 3


def test_the_importance_is_of_what_the_best_trials_have_in_common(many: Path) -> None:
    shares = insight(many).importances
    assert isinstance(shares, dict)
    assert sorted(shares) == sorted(PATHS)
    assert next(iter(shares)) == "optimizer.learning_rate"
    assert shares["optimizer.learning_rate"] > 0.5
    assert sum(shares.values()) == pytest.approx(1)
    assert insight(many).axes[0].path == "optimizer.learning_rate"


def test_what_is_too_little_for_importances_or_has_no_optuna_is_said(few: Path, many: Path, monkeypatch) -> None:
    gallery = gallery_of_sweep(insight(few))
    assert gallery.lacks == ["no importance of parameters: it takes 10 complete trials, and there are 4"]
    monkeypatch.setitem(sys.modules, "optuna", None)
    gallery = gallery_of_sweep(insight(many))
    assert [one.name for one in gallery.pictures] == ["history", "slices", "parallel"]
    assert gallery.lacks[0].endswith("install it with: pip install 'mltrain[search]'")


def figure_of(folder: Path, name: str) -> Figure:
    (picture,) = (one for one in gallery_of_sweep(insight(folder)).pictures if one.name == name)
    with LIGHT.applied():
        return drawn(picture, LIGHT)


def points(axes) -> list[tuple[float, float]]:
    """The marks of trials, in their order, without the best one in its own form."""
    return sorted((float(x), float(y)) for marks in axes.collections for x, y in marks.get_offsets())


def test_the_history_marks_each_trial_by_its_state(few: Path) -> None:
    (axes,) = figure_of(few, "history").axes
    edge = 0.975
    assert points(axes) == [(1, 0.5), (2, 0.9), (3, 0.4), (4, 0.3), (5, edge), (6, edge)]
    assert [tuple(best.get_xydata()[0]) for best in axes.get_lines() if best.get_marker() == "D"] == [(4, 0.3)]
    legend = [text.get_text() for text in axes.figure.legends[0].get_texts()]
    assert legend == ["best so far", "best", "complete", "pruned", "failed", "beyond the axis"]
    course = axes.get_lines()[0]
    assert list(course.get_ydata()) == [0.5, 0.5, 0.4, 0.3, 0.3, 0.3]
    assert axes.get_ylabel() == "val_loss (log scale)"


def test_slices_have_the_scales_of_the_search_and_names_as_places(few: Path) -> None:
    panels = {axes.get_xlabel(): axes for axes in figure_of(few, "slices").axes if axes.get_visible()}
    assert set(panels) == set(PATHS)
    assert panels["optimizer.learning_rate"].get_xscale() == "log"
    assert panels["layers.0.units"].get_xscale() == "linear"
    assert [text.get_text() for text in panels["optimizer"].get_xticklabels()] == ["adam", "sgd, m…tum: 0.9"]
    assert [round(x) for x, _ in points(panels["optimizer"])] == [0, 0, 0, 0, 0, 1]


def test_parallel_coordinates_have_a_line_for_each_trial_and_the_best_one_in_another_colour(few: Path) -> None:
    (axes,) = figure_of(few, "parallel").axes
    lines = [line for line in axes.get_lines() if len(line.get_xdata()) == len(PATHS) + 1]
    assert len(lines) == 6
    assert [to_hex(line.get_color()) for line in lines].count(LIGHT.orange) == 1
    texts = [text.get_text() for text in axes.texts]
    assert "sgd, momentum: 0.9" in texts or any(text.startswith("sgd") for text in texts)
    assert "val_loss" in texts


def test_every_picture_is_drawn_on_a_dark_ground_too(many: Path, few: Path) -> None:
    assert [one.name for one in sweep_pictures()] == ["history", "importance", "slices", "parallel"]
    for picture in gallery_of_sweep(insight(many)).pictures:
        with DARK.applied():
            drawn(picture, DARK).canvas.draw()
    captions = [one.caption for one in gallery_of_sweep(insight(few)).pictures]
    assert captions[0].endswith("1 trial was pruned and 1 trial failed. 1 trial is worse than the axis shows.")


def test_a_sweep_of_one_trial_and_one_parameter_has_pictures(tmp_path: Path) -> None:
    one = CONFIG[: CONFIG.index("    layers.0.units")]
    folder = write_sweep(tmp_path / "one", [row(1, "complete", 0.01, 0.25)], one)
    gallery = gallery_of_sweep(insight(folder))
    assert gallery.lacks == ["no importance of parameters: there is one only"]
    for picture in gallery.pictures:
        with LIGHT.applied():
            drawn(picture, LIGHT).canvas.draw()
        list(picture.terminal())


def run(capsys, *words: object) -> tuple[str, str]:
    app([*map(str, words)], standalone_mode=False)
    shown = capsys.readouterr()
    return shown.out, shown.err


def test_plot_draws_files_below_the_sweep_and_overwrites_nothing_else(many: Path, capsys, tmp_path: Path) -> None:
    out, _ = run(capsys, "plot", many, "--json")
    document = json.loads(out)
    names = ["history", "importance", "slices", "parallel"]
    assert document["sweep"] == str(many)
    assert [one["file"] for one in document["pictures"]] == [str(many / "plots" / f"{name}.png") for name in names]
    (many / "plots" / "slices.png").write_text("mine")
    with pytest.raises(UsageError, match=r"slices.png: is there already"):
        run(capsys, "plot", many)
    for option in (["--image", "1"], ["--animate"]):
        with pytest.raises(UsageError, match="is a sweep"):
            run(capsys, "plot", many, *option)


def test_the_terminal_has_the_same_pictures_as_text(many: Path, few: Path, capsys) -> None:
    out, _ = run(capsys, "plot", many, "--terminal")
    assert out.count("optimizer.learning_rate") == 3
    assert "best so far  ○ val_loss" in out
    out, err = run(capsys, "plot", few, "--terminal")
    assert "best: trial 4, val_loss 0.3000" in out
    assert "adam 0.3000, sgd, momentum: 0.9 0.4000" in out
    assert re.search(r"^ +4 +0.3000  [─]*●", out, re.MULTILINE)
    assert "it takes 10 complete trials" in err


def test_the_page_of_a_sweep_has_all_its_pictures_and_trials_and_no_path(many: Path, few: Path, capsys) -> None:
    run(capsys, "report", many)
    page = (many / "report.html").read_text()
    assert [f'<figure id="{one.name}">' in page for one in sweep_pictures()] == [True] * 4
    assert page.count("<tr>") > 40
    assert str(many.parent) not in page
    assert "mltrain sweep config.yaml --out sweeps/looked_at" in page
    run(capsys, "report", many)
    assert (many / "report.html").read_text() == page
    assert "<li>trial 5: it diverged</li>" in sweep_page(insight(few).sweep, Gallery([], []))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("trial,state\n1,complete\n", r"trials.csv:2: is not what mltrain wrote"),
        ("trial,state,epochs,seconds,layers.0.units\n1,complete,x,1,8\n", r"trials.csv:2: is not"),
        ("trial,state,epochs,seconds\n1,complete,3,nan\n", r"trials.csv:2: is not"),
        ("trial,state,epochs,seconds,layers.0.units\n1,complete,3,1,inf\n", r"trials.csv:2: is not"),
        ("trial,state,epochs,seconds,layers.0.units\n1,complete,3,1,20\n", r"trials.csv:2: is not"),
        ("trial,state,epochs,seconds,optimizer\n1,complete,3,1,adagrad\n", r"trials.csv:2: is not"),
        ("trial,state,epochs,seconds\n1,finished,3,1\n", r"trials.csv:2: is not"),
        ("", "nothing to draw"),
    ],
)
def test_a_table_that_is_damaged_or_empty_is_one_line(few: Path, text: str, said: str, capsys) -> None:
    (few / "trials.csv").write_text(text)
    with pytest.raises(DataError, match=said):
        run(capsys, "plot", few)


def test_long_values_are_named_by_what_differs_in_every_picture(tmp_path: Path, capsys) -> None:
    hidden = ["{type: dense, units: 8, activation: relu}", "{type: dense, units: 4, activation: relu}"]
    last, text = "{type: dense, units: 1}", CONFIG[: CONFIG.index("    layers.0.units")]
    nets = [f"[{', '.join([*hidden[:count], last])}]" for count in range(3)]
    deep = [f"[{'{type: flatten}, ' * count}{last}]" for count in (1, 5)]
    for name, lists, said in (
        ("short", nets, ["none 0.1000", "8 0.2000", "8 + 4 0.3000"]),
        ("long", deep, ["1: none 0.1000", "2: flatten + flat…+ flatten 0.2000"]),
    ):
        rows = [{**row(place, "complete", 0.01, place / 10), "layers": value} for place, value in enumerate(lists, 1)]
        folder = write_sweep(tmp_path / name, rows, f"{text}    layers: [{', '.join(lists)}]\n")
        out, _ = run(capsys, "plot", folder, "--terminal")
        assert " ".join(out.split()).count(", ".join(said)) == 1
        for picture in ("slices", "parallel"):
            figure = figure_of(folder, picture)
            texts = {one.get_text() for axes in figure.axes for one in (*axes.texts, *axes.get_xticklabels())}
            assert all(any(one.startswith(told.split()[0]) for one in texts) for told in said)
        captions = [
            one.caption for one in gallery_of_sweep(insight(folder)).pictures if one.name in ("slices", "parallel")
        ]
        numbered = "Values of layers begin with their numbers in the list that was searched."
        assert [one.endswith(numbered) for one in captions] == [name == "long"] * 2
