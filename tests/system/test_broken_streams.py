"""Streams that fail: what is written to them is lost, and nothing else."""

import os

import pytest

from mltrain.system.streams import silence
from mltrain.views.terminal.terminal import Forgiving


def broken_pipe() -> int:
    read, write = os.pipe()
    os.close(read)
    return write


def test_a_silenced_stream_takes_what_is_written_and_what_it_held() -> None:
    with os.fdopen(broken_pipe(), "w") as stream:
        stream.write("held")
        with pytest.raises(BrokenPipeError):
            stream.flush()
        silence(stream)
        stream.write("more")


def test_a_forgiving_stream_counts_what_it_could_not_write() -> None:
    with (
        os.fdopen(broken_pipe(), "wb", buffering=0) as raw,
        open(raw.fileno(), "w", buffering=1, closefd=False) as text,
    ):
        forgiving = Forgiving(text)
        assert forgiving.write("one line\n") == len("one line\n")
        assert forgiving.write("another\n") == len("another\n")
