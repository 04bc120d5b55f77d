"""Millions of steps of a small network: memory, speed and open files must be at the end as they were at the start."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from mltrain.config.load import parse_config
from mltrain.job import prepare

BATCH, ROWS = 10, 10_000

CONFIG = f"""
name: soak
dataset: {{type: playground, shape: circle, samples: {ROWS}, noise: 0.1}}
layers:
  - {{type: dense, units: 8, activation: tanh}}
  - {{type: dense, units: 8, activation: tanh}}
  - {{type: dense, units: 1, activation: sigmoid}}
loss: binary_crossentropy
optimizer: {{type: sgd, learning_rate: 0.01}}
training: {{batch_size: {BATCH}, epochs: EPOCHS}}
"""


class Reading(NamedTuple):
    """The state of this process after so many steps, and the processor time of each since the last reading."""

    steps: int
    kilobytes: int
    files: int
    microseconds: float

    def __str__(self) -> str:
        memory = f"{self.kilobytes / 1000:.1f} MB"
        return f"{self.steps:>12,} steps  {memory}  {self.files} files  {self.microseconds:.1f} µs/step"


def soak(steps: int, readings: int) -> Iterator[Reading]:
    """Train for so many steps, at least; yields a reading after each of so many equal parts.

    The first part warms up: caches are filled and Python's memory has found its size.
    """
    epochs_a_part = max(1, steps * BATCH // ROWS // readings)
    job = prepare(parse_config(CONFIG.replace("EPOCHS", str(epochs_a_part * readings)), "soak.yaml"), Path())
    done, began = 0, time.process_time()
    for report in job.train():
        done += report.steps
        if report.epoch % epochs_a_part == 0:
            now = time.process_time()
            yield Reading(done, _kilobytes(), _files(), (now - began) / (epochs_a_part * report.steps) * 1e6)
            began = now


def judge(readings: list[Reading]) -> list[str]:
    """What has grown from the first reading to the last one, in words. Speed is for people to judge."""
    first, last = readings[0], readings[-1]
    complaints = []
    if last.kilobytes > first.kilobytes + TOLERATED_KILOBYTES:
        complaints.append(f"memory grew from {first.kilobytes:,} kB to {last.kilobytes:,} kB")
    if last.files != first.files:
        complaints.append(f"open files were {first.files}, and are {last.files}")
    return complaints


TOLERATED_KILOBYTES = 1000
"""A leak of one object of 16 bytes a step would be a hundred times this in ten million steps."""


def _kilobytes() -> int:
    """Memory of this process that is in use, in units of 1,000 bytes."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 1000


def _files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())
