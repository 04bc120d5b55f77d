"""Saves and restores the state of random generators."""

from numpy.random import Generator

from mltrain.backends.base import State


class RandomState:
    """A random generator, with copies that give the same numbers."""

    def __init__(self, rng: Generator, *others: Generator):
        self._all = [one.bit_generator for one in (rng, *others)]

    def state(self) -> State:
        return self._all[0].state

    def restore(self, state: State) -> None:
        for bits in self._all:
            bits.state = dict(state)
