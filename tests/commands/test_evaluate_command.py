"""``mltrain evaluate``: a model measured on the rows that say most about it."""

from pathlib import Path

import pytest
from command_runs import NO_RUN, columns_of, lesson, mltrain, succeed


def test_regression_document() -> None:
    fitted = succeed("fit", lesson("linear"), "--epochs", "0", "--set", "metrics=[mae]", "--json").document
    done = succeed("evaluate", "--json")
    assert done.err == "note: model runs/linear-001/model.npz\n"
    assert list(done.document["residuals"]) == ["y"]
    assert {name: value for name, value in done.document.items() if name != "residuals"} == {
        "model": "runs/linear-001/model.npz",
        "split": "train",
        "samples": 6,
        "loss": fitted["loss"],
        "metrics": fitted["metrics"],
    }
    assert list(fitted["metrics"]) == ["mean_absolute_error"]


def test_classifier_document_has_the_confusion() -> None:
    succeed("fit", lesson("xor"), "--epochs", "1")
    found = succeed("evaluate", "--json").document
    assert list(found) == ["model", "split", "samples", "loss", "metrics", "confusion", "classes"]
    assert (found["split"], found["samples"]) == ("test", 250)
    assert list(found["confusion"]) == ["classes", "counts"]
    assert found["confusion"]["classes"] == ["orange", "blue"]
    counts = found["confusion"]["counts"]
    assert sum(map(sum, counts)) == 250
    assert (counts[0][0] + counts[1][1]) / 250 == pytest.approx(found["metrics"]["accuracy"])


@pytest.mark.parametrize(
    ("held_back", "split", "samples"),
    [
        (["dataset.validation_split=0.5"], "validation", 3),
        (["dataset.validation_split=0.5", "dataset.test_split=0.34"], "test", 2),
    ],
)
def test_held_back_rows_are_taken(held_back: list[str], split: str, samples: int) -> None:
    changes = [word for change in held_back for word in ("--set", change)]
    fitted = succeed("fit", lesson("linear"), "--epochs", "2", *changes, "--json").document
    found = succeed("evaluate", "--json").document
    assert (found["split"], found["samples"]) == (split, samples)
    assert (found["loss"] == pytest.approx(fitted["val_loss"])) == (split == "validation")


def test_people_get_tables() -> None:
    succeed("fit", lesson("xor"), "--epochs", "1")
    document = succeed("evaluate", "--json").document
    done = succeed("evaluate", "--model", "runs/xor-001")
    assert done.err == ""
    lines = [columns_of(line) for line in done.out.splitlines()]
    assert lines[0] == ["rows", "250 (test)"]
    assert [line[0] for line in lines[1:3]] == ["loss", "accuracy"]
    assert lines[4] == ["class", "precision", "recall", "f1", "rows"]
    measures = ("precision", "recall", "f1")
    assert lines[5:7] == [
        [name, *(f"{of_class[measure]:.3f}" for measure in measures), str(of_class["rows"])]
        for name, of_class in document["classes"].items()
    ]
    assert lines[8] == ["true ↓", "predicted →", "orange", "blue"]
    rows = zip(("orange", "blue"), document["confusion"]["counts"], strict=True)
    assert lines[9:] == [[name, *map(str, counts)] for name, counts in rows]


def test_model_alone_is_enough(work: Path) -> None:
    succeed("fit", lesson("xor"), "--epochs", "1", "--out", "run")
    found = succeed("evaluate", "--model", "run", "--json").document
    (work / "run" / "model.npz").rename(work / "moved.npz")
    alone = succeed("evaluate", "--model", "moved.npz", "--json").document
    assert alone == {**found, "model": "moved.npz"}


def test_another_config_beside_the_model_is_not_believed(work: Path) -> None:
    succeed("fit", lesson("linear"), "--epochs", "1", "--out", "run")
    found = succeed("evaluate", "--model", "run", "--json")
    for text in ("half a config: [", Path(lesson("xor")).read_text("utf-8")):
        (work / "run" / "config.yaml").write_text(text, "utf-8")
        assert succeed("evaluate", "--model", "run", "--json") == found


def test_no_run_to_evaluate() -> None:
    done = mltrain("evaluate", "--json")
    assert (done.code, done.err) == (2, NO_RUN)
    assert f"error: {done.document['error']['message']}\n" == NO_RUN


def test_model_that_is_none(work: Path) -> None:
    complaint = "is not a model file; mltrain fit writes one called model.npz"
    (work / "notes.txt").write_text("not a model")
    assert mltrain("evaluate", "--model", "notes.txt") == (3, "", f"error: notes.txt: {complaint}\n")
