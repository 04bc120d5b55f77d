"""What people get wrong in networks for images: each with its line, and what to do."""

from pathlib import Path

import pytest
from command_runs import mltrain

CONFIG = """\
dataset: {{type: shapes, samples: 100, size: 16}}
layers:
{layers}
loss: sparse_categorical_crossentropy
"""
CONV = "  - {type: conv2d, filters: 4, kernel_size: 3}"
END = ["  - flatten", "  - {type: dense, units: 3, activation: softmax}"]


@pytest.mark.parametrize(
    ("layers", "where", "message"),
    [
        (
            ["  - {type: conv2d, filters: 4, kernel_size: 17}", *END],
            "3:45  layers[0].kernel_size",
            "a window of 17 x 17 does not fit into an input of 16 x 16; make it smaller, or pad",
        ),
        (
            ["  - {type: conv2d, filters: 4, kernel_size: 3, strides: 0}", *END],
            "3:57  layers[0].strides",
            "expected a whole number of at least 1 or a list of 2",
        ),
        (
            ["  - {type: max_pooling2d, strides: [1, 0]}", *END],
            "3:40  layers[0].strides[1]",
            "expected a whole number of at least 1, got 0",
        ),
        ([END[0], CONV, END[1]], "4:5  layers[1]", "conv2d takes images"),
        ([END[0], "  - global_max_pooling2d", END[1]], "4:5  layers[1]", "put it before flatten"),
        (
            ["  - {type: conv2d, filters: 4, kernel_size: 16}", "  - max_pooling2d", *END],
            "4:5  layers[1].pool_size",
            "a window of 2 x 2 does not fit into an input of 1 x 1",
        ),
        ([CONV, END[1]], "4:5  layers[1]", "its input is 14 x 14 x 4; put flatten before it"),
        ([CONV], "3:5  layers[0]", "the last layer gives 14 x 14 x 4 a row; put flatten before it"),
        (
            ["  - {type: residual, layers: [{type: conv2d, filters: 4, kernel_size: 3}]}", *END],
            "3:30  layers[0].layers",
            "the layers make 14 x 14 x 4 of 16 x 16, and no projection of the input has that shape",
        ),
        (
            ["  - {type: residual, layers: [relu, {type: conv2d, filters: 0, kernel_size: 3}]}", *END],
            "3:61  layers[0].layers[1].filters",
            "expected a whole number of at least 1, got 0",
        ),
    ],
    ids=["kernel", "strides", "one stride", "flat", "flat pooling", "pool", "dense", "end", "residual", "inner"],
)
def test_each_is_told_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layers: list[str], where: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("images.yaml").write_text(CONFIG.format(layers="\n".join(layers)), encoding="utf-8")
    code, out, err = mltrain("check", "images.yaml")
    told = " ".join(err.split())
    assert (code, out) == (2, "")
    assert told.startswith(" ".join(f"error: images.yaml:{where}: ".split()))
    assert message in told


def test_a_step_that_needs_more_memory_than_there_is_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    wide = CONV.replace("filters: 4", "filters: 50000000")
    Path("images.yaml").write_text(CONFIG.format(layers="\n".join([wide, *END])), encoding="utf-8")
    code, _, err = mltrain("check", "images.yaml")
    assert code == 3
    assert "for a batch on its way through the network" in err
    assert "layers[0] (conv2d) alone gives 14 x 14 x 50000000 numbers a row, 39.2 GB; try a smaller" in " ".join(
        err.split()
    )
