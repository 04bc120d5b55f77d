"""``mltrain fit --find-learning-rate``: what it shows and writes, and what it refuses."""

import shlex
from pathlib import Path

import pytest
from command_runs import lesson, mltrain, pseudo_terminal, succeed, without_codes

IRIS = lesson("iris")
FIND = "--find-learning-rate"


def test_the_curve_has_a_suggestion_that_can_be_used_and_nothing_is_saved(work: Path) -> None:
    before = sorted(work.rglob("*"))
    done = succeed("fit", IRIS, FIND)
    lines = done.out.splitlines()
    assert lines[0].strip() == "smoothed loss by learning rate  (log scale)"
    assert any("1e-5" in line and "└" in line for line in lines)
    found = float(succeed("fit", IRIS, FIND, "--quiet").out)
    assert f"found    {found:g}, where the config has 0.01" in lines
    assert lines[-1] == f"next     mltrain fit {shlex.quote(IRIS)} --set optimizer.learning_rate={found:g}"
    assert sorted(work.rglob("*")) == before
    succeed(*shlex.split(lines[-1].removeprefix("next     mltrain ")), "--epochs", "1")


def test_the_document_has_the_curve_and_is_the_same_again() -> None:
    document = succeed("fit", IRIS, FIND, "--json", "--epochs", "0").document
    curve = document.pop("curve")
    assert set(document) == {"learning_rate", "option", "learning_rate_of_config", "ending", "steps"}
    assert {len(values) for values in curve.values()} == {document["steps"]}
    assert (document["option"], document["learning_rate_of_config"]) == ("optimizer.learning_rate", 0.01)
    again = succeed("fit", IRIS, FIND, "--json").document
    assert again.pop("curve") == curve
    assert again == document
    assert succeed("fit", IRIS, FIND, "--json", "--seed", "5").document["curve"] != curve


def test_the_next_command_has_the_options_of_this_one() -> None:
    done = succeed("fit", IRIS, FIND, "--set", "layers.0.units=8", "--set", "optimizer.learning_rate=3", "--seed", "2")
    following = done.out.splitlines()[-1]
    assert "--set layers.0.units=8 --set seed=2 --set optimizer.learning_rate=" in following
    assert "=3" not in following
    assert (
        "--init-from runs/iris-001 --set"
        in succeed(
            "fit", IRIS, FIND, "--init-from", succeed("fit", IRIS, "--epochs", "1", "--quiet").out.strip()
        ).out.splitlines()[-1]
    )


def test_a_schedule_is_left_out_and_the_suggestion_is_for_its_highest_rate() -> None:
    rate = "{type: cosine_decay, initial_learning_rate: 0, warmup_target: 0.1, warmup_steps: 9, decay_steps: 900}"
    done = succeed("fit", IRIS, FIND, "--set", f"optimizer.learning_rate={rate}")
    assert "note: the schedule cosine_decay takes no part in the test" in done.err
    assert "--set optimizer.learning_rate.warmup_target=" in done.out.splitlines()[-1]
    pieces = "{type: piecewise, boundaries: [10], values: [0.1, 0.01]}"
    done = succeed("fit", IRIS, FIND, "--set", f"optimizer.learning_rate={pieces}")
    assert "--set optimizer.learning_rate=" in done.out.splitlines()[-1]


def test_of_a_search_it_says_where_to_search() -> None:
    done = succeed("fit", str(Path(IRIS).parent / "sweeps" / "penguins.yaml"), FIND)
    low, high = (word.strip("{},") for word in done.out.splitlines()[-1].split() if word[0].isdigit())
    assert 0 < float(low) < float(high)
    assert "optimizer.learning_rate: {min: " in done.out.splitlines()[-1]


def test_it_starts_from_the_weights_of_a_model() -> None:
    run = succeed("fit", IRIS, "--epochs", "2", "--quiet").out.strip()
    model = Path(run, "model.npz").read_bytes()
    fresh, started = (
        succeed("fit", IRIS, FIND, "--json", *more).document["curve"]["loss"][0] for more in ((), ("--init-from", run))
    )
    assert started < fresh
    assert Path(run, "model.npz").read_bytes() == model
    assert [path.name for path in Path("runs").iterdir()] == [Path(run).name]


def test_the_curve_is_a_picture_with_out_and_no_other_file_is_overwritten(work: Path) -> None:
    document = succeed("fit", IRIS, FIND, "--out", "pictures", "--json").document
    assert document["pictures"] == [str(Path("pictures/learning_rate.png"))]
    Path("pictures/learning_rate.png").write_bytes(b"mine")
    done = mltrain("fit", IRIS, FIND, "--out", "pictures")
    assert done.code == 2
    assert "learning_rate.png: is there already, and mltrain did not write it" in done.err
    assert Path("pictures/learning_rate.png").read_bytes() == b"mine"
    Path("file").touch()
    assert "file: pictures cannot be written there" in mltrain("fit", IRIS, FIND, "--out", "file").err


def test_without_a_fall_there_is_a_warning_and_no_suggestion() -> None:
    frozen = ("--set", "layers.0.trainable=false", "--set", "layers.1.trainable=false")
    done = succeed("fit", IRIS, FIND, *frozen)
    assert (
        "warning: no learning rate is suggested: the loss never fell by more than batches differ by chance" in done.err
    )
    assert "next" not in done.out
    assert succeed("fit", IRIS, FIND, *frozen, "--quiet").out == ""
    assert succeed("fit", IRIS, FIND, *frozen, "--json").document["learning_rate"] is None


@pytest.mark.parametrize(
    "words",
    [("--folds", "3"), ("--members", "2"), ("--repeats", "2"), ("--jobs", "2"), ("--frames", "2"), ("--live",),
     ("--log-dir", "logs"), ("--profile",), ("--resume", "runs/iris-001")],
)  # fmt: skip
def test_what_is_about_trainings_is_refused_in_a_line(words: tuple[str, ...]) -> None:
    done = mltrain("fit", IRIS, FIND, *words)
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        f"error: {words[0]} cannot go with --find-learning-rate, which saves no training; leave one out\n"
    )


def test_a_terminal_shows_how_far_it_is_and_ctrl_c_ends_it(work: Path) -> None:
    slow = "import mltrain.training.range_test as r, time\nadd = r.RangeTest.add\n"
    slow += "r.RangeTest.add = lambda *a: (time.sleep(0.02), add(*a))"
    with pseudo_terminal("fit", IRIS, FIND, preface=slow) as terminal:
        terminal.wait_for("learning rates ")
        terminal.wait_for("%")
        terminal.type("\x03")
        assert terminal.wait_for_end() == 130
        assert "the learning rate test was stopped" in without_codes(terminal.shown)
    assert not Path("runs").exists()
