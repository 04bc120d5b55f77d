"""Sums and concatenations over processes: each writes into shared memory, all wait at a barrier, and all read."""

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from mltrain.backends.numpy.parallel.column_parallel import Exchange
from mltrain.backends.numpy.parallel.process_group import ProcessGroup
from mltrain.backends.numpy.train_step import Run
from mltrain.engine.arrays import Floats


class AllReduce:
    """All-reduce sums of arrays of at most ``numbers`` numbers, within the calls of layers.

    Double buffering, from sum to sum. ``barrier`` is where ranks wait.
    """

    def __init__(self, group: ProcessGroup, numbers: int, dtype: npt.DTypeLike):
        self._memory: Floats = group.shared((2, group.size, numbers), dtype)
        self._turns = [0] * group.size
        self.barrier: Run = group.barrier

    def of(self, rank: int) -> Callable[[Floats], None]:
        """The all-reduce of a rank: a contiguous array is replaced by the sum over the arrays of all ranks."""

        def all_reduce(array: Floats) -> None:
            turn = self._turns[rank] = 1 - self._turns[rank]
            total = array.reshape(-1)
            handed_in = self._memory[turn, :, : total.size]
            np.copyto(handed_in[rank], total)
            self.barrier()
            # Summed in the order of the ranks, so that all ranks get the same bytes.
            np.copyto(total, handed_in[0])
            for other in handed_in[1:]:
                np.add(total, other, out=total)

        return all_reduce

    def begin_again(self) -> None:
        """Between two steps: all ranks are as far as the first."""
        self._turns = [0] * len(self._turns)


class Exchanges:
    """The exchanges of one step; each has memory of its own, made before the workers start.

    Double buffering: the memory is there twice, and ``turn`` says which half a step uses. A process is at most one step
    ahead of the others, so it never overwrites data that another process still reads.
    """

    def __init__(self, group: ProcessGroup):
        self._group, self.turn = group, 0
        self._arrays: dict[str, Floats] = {}

    def next_turn(self) -> None:
        """A step begins."""
        self.turn = 1 - self.turn

    def of_array(self, name: str, exchange: Exchange, rank: int, most_rows: int) -> tuple[Run, Run]:
        """Two calls: the first writes the array of a shard to shared memory, the second waits and computes the result.

        ``name`` is the same in all shards, and for batches of all sizes.
        """
        array, own = exchange
        rows, width = array.shape
        if name not in self._arrays:
            self._arrays[name] = self._group.shared((2, self._group.size, most_rows, width), array.dtype)
        handed_in = [list(arrays) for arrays in self._arrays[name][:, :, :rows]]

        def hand_in() -> None:
            np.copyto(handed_in[self.turn][rank], array)

        def add_up() -> None:
            self._group.barrier()
            total, *others = handed_in[self.turn]
            for other in others:
                total = np.add(total, other, out=array)

        def hand_in_columns() -> None:
            np.copyto(handed_in[self.turn][0][:, own], array[:, own])

        def put_side_by_side() -> None:
            self._group.barrier()
            np.copyto(array, handed_in[self.turn][0])

        return (hand_in, add_up) if own is None else (hand_in_columns, put_side_by_side)

    def of_numbers(self) -> Callable[[Mapping[int, float]], float]:
        """A function that sums one number of each rank; it takes the numbers of this process's ranks."""
        handed_in = self._group.shared((2, self._group.size), np.float64)

        def add_up(numbers: Mapping[int, float]) -> float:
            for rank, number in numbers.items():
                handed_in[self.turn, rank] = number
            self._group.barrier()
            return float(handed_in[self.turn].sum())

        return add_up
