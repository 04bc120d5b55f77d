"""A layer whose batch is divided among processes computes what it computes for the whole batch.

Whoever writes a layer need not know how many processes there are; these tests are for every layer in the folder.
"""

from functools import partial
from typing import Any

import numpy as np
import pytest
from gradient_check import behind_dense, example_inputs, example_rows, network_of
from spec_examples import examples, label

from mltrain.backends.numpy.parallel.collectives import AllReduce
from mltrain.backends.numpy.parallel.process_group import ProcessGroup
from mltrain.backends.numpy.parallel.rank_threads import RankThreads
from mltrain.engine.layers.base import WHOLE, BatchShare, Layer
from mltrain.engine.network import Network
from mltrain.engine.plan import Plan

ROWS, RANKS = 7, 3


def passes(makes: list[Any], shares: list[tuple[slice, BatchShare]], x: Any, dy: Any, threads: RankThreads) -> Any:
    """Outputs, gradients, parameters and the next random number of each rank, after forward and backward."""
    found: list[Any] = []
    calls = []
    for network, (own, share) in zip(makes, shares, strict=True):
        gradients = np.zeros_like(network.parameters)
        y, rng = np.empty((own.stop - own.start, *network.output_shape)), np.random.default_rng(0)
        plan = Plan(network, len(y), gradients=gradients)
        bound = plan.bind({name: array[own] for name, array in x.items()}, y, rng, share)

        def between(bound: Any, y: Any, own: slice, results: list[Any]) -> None:
            results.append(y.copy())
            bound.dz[...] = dy[own]

        results: list[Any] = []
        calls.append(
            [
                *(call.run for call in bound.forward),
                partial(between, bound, y, own, results),
                *(call.run for call in bound.backward),
            ]
        )
        found.append((results, gradients, network.parameters, rng))
    if len(calls) == 1:
        for call in calls[0]:
            call()
    else:
        threads.run(calls)
    return [(results[0], gradients, parameters, rng.random()) for results, gradients, parameters, rng in found]


def shares_of(group: ProcessGroup, threads: RankThreads, numbers: int) -> list[tuple[slice, BatchShare]]:
    all_reduce = AllReduce(group, numbers, np.float64)
    all_reduce.barrier = threads.wait
    owns = [slice(rank * ROWS // RANKS, (rank + 1) * ROWS // RANKS) for rank in range(RANKS)]
    return [(own, BatchShare(own.start, ROWS, all_reduce.of(rank))) for rank, own in enumerate(owns)]


def compare(makes: list[Network], x: Any) -> None:
    """The first network takes the whole batch, the others some rows each."""
    for network in makes:
        network.initialize(np.random.default_rng(0))
    whole, *divided = makes
    numbers = max(layer.all_reduce_size(node.input_shape) for node in whole.nodes for layer in node.layer.stages())
    dy = np.random.default_rng(1).normal(size=(ROWS, *whole.output_shape))
    threads = RankThreads(RANKS)
    ((y, gradients, parameters, drawn),) = passes([whole], [(slice(0, ROWS), WHOLE)], x, dy, threads)
    found = passes(divided, shares_of(ProcessGroup(RANKS), threads, numbers), x, dy, threads)
    threads.close()
    assert np.concatenate([one[0] for one in found]) == pytest.approx(y, rel=1e-9, abs=1e-12)
    assert sum(one[1] for one in found) == pytest.approx(gradients, rel=1e-9, abs=1e-12)
    for _, _, own_parameters, own_drawn in found:
        assert own_parameters == pytest.approx(parameters, rel=1e-9, abs=1e-12)
        assert own_drawn == drawn, "all processes draw the numbers of the whole batch"


@pytest.mark.parametrize("layer", examples(Layer), ids=label)
def test_some_rows_in_each_process_are_the_whole_batch(layer: Layer) -> None:
    makes = [network_of(layer, np.float64) for _ in range(1 + RANKS)]
    x = {name: example_rows(layer, shape, ROWS) for name, shape in example_inputs(layer).items()}
    compare(makes, {name: array if array.dtype.kind == "i" else array.astype(np.float64) for name, array in x.items()})


@pytest.mark.parametrize("layer", [layer for layer in examples(Layer) if not layer.takes_integers], ids=label)
def test_gradients_of_inputs_are_those_of_the_whole_batch(layer: Layer) -> None:
    """The layer behind one with parameters, whose gradients hang on those that the layer passes on."""
    makes = [Network(behind_dense(layer), (3,), dtype=np.float64) for _ in range(1 + RANKS)]
    compare(makes, {"input": np.random.default_rng(4).normal(size=(ROWS, 3))})
