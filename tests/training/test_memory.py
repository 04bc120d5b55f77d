"""What a training would take is known beforehand, and refused where it cannot be had."""

import os
import tracemalloc
from pathlib import Path

import pytest

from mltrain.backends.base import Parallelism
from mltrain.checks import memory_estimate as memory
from mltrain.checks.memory_estimate import Memory, memory_for, refuse_too_large
from mltrain.config.load import parse_config
from mltrain.engine.graph import infer
from mltrain.engine.layers.batch_normalization import BatchNormalization
from mltrain.engine.layers.dense import Dense
from mltrain.engine.optimizers.adam import Adam
from mltrain.engine.optimizers.sgd import Sgd
from mltrain.errors import NotEnoughMemory
from mltrain.job import memory_of, prepare
from mltrain.system import memory as machine
from mltrain.training.checkpointing import TrainingRun
from mltrain.training.options import Training

NODES = infer([Dense(units=20), Dense(units=1)], (10,))
PARAMETERS = 10 * 20 + 20 + 20 + 1
BATCH = (10 + 20 + 1) + (1 + 20) + 2
"""Numbers a row: values, two buffers for gradients, and the ones by which each dense layer sums up over rows."""


def test_by_what_it_is_taken() -> None:
    found = memory_for(NODES, Adam(), Training(batch_size=5), rows=100, parallelism=Parallelism("columns", 2))
    assert found == Memory(
        parameters=2 * 4 * PARAMETERS,
        gradients=4 * PARAMETERS,
        optimizer=2 * 4 * PARAMETERS,
        snapshots=2 * 3 * 4 * PARAMETERS,
        helpers=4 * 4 * PARAMETERS + 4 * 5 * 10,
        batch=4 * 5 * BATCH,
        rows=100 * 16 * 11,
    )
    assert found.total == sum(found)


def test_rows_in_several_processes_need_gradients_for_each() -> None:
    found = memory_for(NODES, Adam(), Training(batch_size=5), rows=100, parallelism=Parallelism("rows", 3))
    assert found.helpers == 3 * 4 * PARAMETERS + 2 * 4 * 5 * 10


def test_means_and_accumulated_gradients_take_memory_too() -> None:
    found = memory_for(NODES, Adam(use_ema=True), Training(gradient_accumulation=2), rows=None)
    assert (found.optimizer, found.gradients) == (3 * 4 * PARAMETERS, 2 * 4 * PARAMETERS)


def test_sgd_keeps_nothing_and_one_process_helps_nobody() -> None:
    found = memory_for(NODES, Sgd(), Training(), rows=None)
    assert (found.optimizer, found.helpers, found.rows) == (0, 0, 0)
    assert found.snapshots == 2 * 4 * PARAMETERS


@pytest.mark.parametrize(("batch_size", "rows", "taken"), [("full", 7, 7), (32, 7, 7), (5, 7, 5), (32, None, 32)])
def test_a_batch_has_no_more_rows_than_there_are(batch_size: int, rows: int | None, taken: int) -> None:
    found = memory_for(NODES, Sgd(), Training(batch_size=batch_size), rows)
    assert found.batch == 4 * taken * BATCH


def test_scratch_and_statistics_count_also_where_they_are_no_matter_of_rows() -> None:
    plain = infer([Dense(units=20), Dense(units=1)], (10,))
    normalized = infer([Dense(units=20), BatchNormalization(), Dense(units=1)], (10,))
    one, other = (
        [memory_for(nodes, Sgd(), Training(batch_size=rows), None).batch for rows in (1, 101)]
        for nodes in (plain, normalized)
    )
    # For each row what is normalized, its products and a one; for all rows the factors, and sums of two kinds.
    assert (other[1] - one[1]) - (other[0] - one[0]) == pytest.approx(100 * 4 * (20 + 20 + 1), abs=64)
    assert other[0] - one[0] == pytest.approx(4 * (20 + 20 + 1) + 4 * (20 + 2 * 20), abs=128)


LARGE = """
name: large
dataset: {type: playground, shape: circle, samples: 4}
layers: [{type: dense, units: 1000}, {type: dense, units: 1000}, {type: dense, units: 1, activation: sigmoid}]
loss: binary_crossentropy
optimizer: adam
"""
SMALLER = ["layers.0.units=200", "layers.1.units=200"]


@pytest.mark.parametrize(
    "settings",
    [
        ["dataset.samples=4"],
        ["dataset={type: playground, shape: circle, samples: 6, validation_split: 0.5}",
         "training.early_stopping.refit=true"],
        ["training.early_stopping.folds=2"],
        ["training.early_stopping.folds=4", "optimizer=sgd", "training.gradient_accumulation=2"],
        ["training.early_stopping.folds=3", "dataset.samples=2000", "training.batch_size=full", *SMALLER],
    ],
    ids=["plain", "refit", "folds", "folds of several batches a step", "folds of large batches"],
)  # fmt: skip
def test_it_is_what_a_training_takes(settings: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLTRAIN_THREADS", "1")  # what processes share is not seen by tracemalloc
    config = parse_config(LARGE, "large.yaml", settings)
    tracemalloc.start()
    try:
        job = prepare(config, Path())
        kept = job.network.parameters.copy()  # as fit does
        assert len(list(job.train(training_run=TrainingRun()))) == 1
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    expected = memory_of(config, job.network.nodes).total
    if not job.refit:
        assert kept.nbytes * 11 < expected
    assert 0.8 * expected < peak < 1.25 * expected


def test_folds_that_cannot_be_had_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available", lambda: 100_000_000)
    with pytest.raises(NotEnoughMemory) as caught:
        prepare(parse_config(LARGE, "large.yaml", ["training.early_stopping.folds=4"]), Path())
    assert str(caught.value).startswith("training.early_stopping: training would take ")
    assert "for the networks of folds and a second training, " in str(caught.value)
    assert str(caught.value).endswith("; try early_stopping without folds or refit")


def test_what_cannot_be_had_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available", lambda: 22_100_000_000)
    wanted = Memory(8_000_000_000, 4_000_000_000, 16_000_000_000, 0, 0, 250_000_000, 1_000)
    with pytest.raises(NotEnoughMemory) as caught:
        refuse_too_large(wanted)
    assert str(caught.value) == (
        "training would take 28.3 GB of memory, but 22.1 GB can be had (16.0 GB for the optimizer's state, "
        "8.0 GB for parameters, 4.0 GB for gradients); try fewer units, or sgd, which keeps the least"
    )
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("free", [28_250_001_000, None])
def test_what_can_be_had_or_may_be_is_not_refused(free: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = Memory(8_000_000_000, 4_000_000_000, 16_000_000_000, 0, 0, 250_000_000, 1_000)
    asked: list[int | None] = []
    monkeypatch.setattr(memory, "available", lambda: asked.append(free) or free)
    refuse_too_large(wanted)
    assert asked == [free]
    monkeypatch.setattr(memory, "available", lambda: 28_250_000_999)
    with pytest.raises(NotEnoughMemory):
        refuse_too_large(wanted)


def test_nothing_is_begun_that_cannot_fit() -> None:
    huge = parse_config(LARGE.replace("1000", "100000000"), "huge.yaml")
    with pytest.raises(
        NotEnoughMemory, match=r"^layers\[1\]: training would take \d+\.\d GB of memory, but \d+\.\d .B can be had"
    ):
        prepare(huge, Path())


@pytest.fixture
def proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files as those in which Linux tells of its memory; none are there yet."""
    monkeypatch.setattr(machine, "_MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(machine, "_OWN_GROUP", tmp_path / "cgroup")
    monkeypatch.setattr(machine, "_GROUPS", tmp_path / "groups")
    return tmp_path


def put(folder: Path, **contents: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name.replace("__", ".")).write_text(content, encoding="ascii")


def test_what_the_system_has_and_can_swap_out(proc: Path) -> None:
    put(proc, meminfo="MemTotal: 9 kB\nMemAvailable:   3 kB\nSwapFree: 2 kB\n")
    assert machine.available() == 5 * 1024


@pytest.mark.parametrize(
    ("line", "root", "limit", "usage"),
    [
        ("0::/a/b", "", "memory__max", "memory__current"),
        ("3:cpu,memory:/a/b", "memory", "memory__limit_in_bytes", "memory__usage_in_bytes"),
    ],
)
def test_what_a_container_may_take(proc: Path, line: str, root: str, limit: str, usage: str) -> None:
    put(proc, meminfo="MemAvailable: 1000 kB\n", cgroup=f"1:pids:/x\n{line}\n")
    inner, outer = proc / "groups" / root / "a" / "b", proc / "groups" / root / "a"
    put(inner, **{limit: "max\n" if root == "" else "9999999999999", usage: "1\n", "memory__stat": ""})
    put(outer, **{limit: "10000\n", usage: "4000\n", "memory__stat": "active_file 500\ninactive_file 200\nanon 9\n"})
    assert machine.available() == 10_000 - 4000 + 700


def test_more_than_is_allowed_leaves_nothing(proc: Path) -> None:
    put(proc, cgroup="0::/\n")
    put(proc / "groups", memory__max="10", memory__current="400", memory__stat="")
    assert machine.available() == 0


@pytest.mark.skipif(not hasattr(os, "sysconf"), reason="not on Windows")
def test_elsewhere_it_is_all_that_the_machine_has(proc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sysconf", {"SC_PHYS_PAGES": 3, "SC_PAGE_SIZE": 4096}.__getitem__)
    assert machine.available() == 3 * 4096


def test_where_nobody_knows(proc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sysconf", raising=False)
    assert machine.available() is None
