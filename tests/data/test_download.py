"""Downloading MNIST, from mirrors on this machine that have tiny files in its place."""

import gzip
import hashlib
import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from mirrors import Mirrors
from msgspec.structs import replace
from tiny_mnist import LABELS, put_files, tiny_files

from mltrain.data import download as downloading
from mltrain.data.datasets.mnist import Mnist
from mltrain.errors import DataError, StorageError
from mltrain.system.atomic_write import UNFINISHED

IMAGES = "train-images-idx3-ubyte"
COMPRESSED = [f"{name}.gz" for name in tiny_files()]


def kept(alone: Path) -> list[str]:
    folder = alone / "cache" / "mnist"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_files_come_from_the_first_mirror_once(mirrors: Mirrors, alone: Path):
    mirrors.put("one", tiny_files())
    dataset = Mnist().load(0, alone)
    assert dataset.train.y.tolist() == LABELS
    assert mirrors.asked == [f"/one/{name}" for name in COMPRESSED]
    assert kept(alone) == sorted(COMPRESSED)
    assert (alone / "cache" / "mnist" / COMPRESSED[0]).read_bytes() == mirrors.answers[f"/one/{COMPRESSED[0]}"]
    assert Mnist().fetch(alone) is False
    Mnist().load(0, alone)
    assert len(mirrors.asked) == len(COMPRESSED)


def test_only_what_the_cache_lacks_is_downloaded(mirrors: Mirrors, alone: Path):
    mirrors.put("one", tiny_files())
    (put_files(alone / "cache" / "mnist") / COMPRESSED[2]).unlink()
    assert Mnist().fetch(alone) is True
    assert mirrors.asked == [f"/one/{COMPRESSED[2]}"]


def test_progress_is_told_of_every_file(mirrors: Mirrors, alone: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(downloading, "CHUNK", 1000)
    mirrors.put("one", tiny_files())
    told: dict[str, list[tuple[int, int | None]]] = {}
    assert Mnist().fetch(alone, lambda name, done, total: told.setdefault(name, []).append((done, total))) is True
    assert list(told) == COMPRESSED
    for name, steps in told.items():
        size = (alone / "cache" / "mnist" / name).stat().st_size
        assert [done for done, _ in steps] == [*range(1000, size, 1000), size]
        assert {total for _, total in steps} == {size}


def test_a_server_need_not_say_how_much_it_sends(mirrors: Mirrors, alone: Path):
    mirrors.put("one", tiny_files())
    content = mirrors.answers[f"/one/{COMPRESSED[0]}"]
    assert isinstance(content, bytes)

    def without_length(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(content)

    mirrors.answers[f"/one/{COMPRESSED[0]}"] = without_length
    totals = []
    Mnist().fetch(alone, lambda name, done, total: totals.append(total))
    assert totals[0] is None
    assert kept(alone) == sorted(COMPRESSED)


def test_a_dead_mirror_costs_its_time_once(mirrors: Mirrors, alone: Path):
    mirrors.put("two", tiny_files())
    Mnist().load(0, alone)
    assert mirrors.asked == [f"/one/{COMPRESSED[0]}", *(f"/two/{name}" for name in COMPRESSED)]


def test_the_first_mirror_still_helps_out(mirrors: Mirrors, alone: Path):
    files = tiny_files()
    mirrors.put("two", {IMAGES: files.pop(IMAGES)})
    mirrors.put("one", files)
    Mnist().load(0, alone)
    assert mirrors.asked[:4] == [
        *(f"/{mirror}/{COMPRESSED[0]}" for mirror in ("one", "two")),
        *(f"/{mirror}/{COMPRESSED[1]}" for mirror in ("two", "one")),
    ]


def half(handler: BaseHTTPRequestHandler) -> None:
    """Promises the images, and hangs up halfway."""
    content = gzip.compress(RIGHT)
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content[: len(content) // 2])


def reset(handler: BaseHTTPRequestHandler) -> None:
    """Hangs up without an answer."""
    handler.close_connection = True


def garbled(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"\x1b[2Jthis is not HTTP\r\n\r\n")


def silent(handler: BaseHTTPRequestHandler) -> None:
    """Says nothing until the client has hung up."""
    handler.wfile.flush()
    handler.connection.settimeout(60)
    handler.connection.recv(1)


RIGHT, OTHER = tiny_files()[IMAGES], tiny_files(first=1)[IMAGES]
SIZE = len(RIGHT)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


LONGER = f"what it sends holds more than the {SIZE:,} bytes expected"
WRONG = {
    "not there": (404, "the server answers 404 Not Found"),
    "busy": (503, "the server answers 503 Service Unavailable"),
    "hangs up": (reset, "Remote end closed connection without response"),
    "no HTTP": (garbled, "[2Jthis is not HTTP"),
    "hangs up halfway": (half, "what it sends ends early"),
    "truncated": (gzip.compress(RIGHT)[:-1], "what it sends ends early"),
    "empty": (b"", "what it sends ends early"),
    "a page": (b"<html>log in to this network</html>", "what it sends is no gzip file, or a damaged one"),
    "longer": (gzip.compress(RIGHT + b"\0"), LONGER),
    "a bomb": (gzip.compress(bytes(50_000_000), 1), LONGER),
    "something behind it": (gzip.compress(RIGHT) + b"\0", LONGER),
    "another": (
        gzip.compress(OTHER),
        f"what it sends is another file: SHA-256 {sha256(OTHER)} instead of {sha256(RIGHT)}",
    ),
    "shorter": (
        gzip.compress(RIGHT[:-1]),
        f"what it sends is another file: SHA-256 {sha256(RIGHT[:-1])} instead of {sha256(RIGHT)}",
    ),
}
for_all_wrong_answers = pytest.mark.parametrize(("answer", "reason"), WRONG.values(), ids=WRONG)


@for_all_wrong_answers
def test_what_is_not_the_file_is_refused_and_leaves_nothing(mirrors: Mirrors, alone: Path, answer, reason: str):
    mirrors.answers[f"/one/{IMAGES}.gz"] = answer
    with pytest.raises(DataError) as error:
        Mnist().load(0, alone)
    assert str(error.value).splitlines() == [
        f"MNIST is nowhere to be found, and {IMAGES}.gz could not be downloaded:",
        f"  {mirrors.addresses[0]}{IMAGES}.gz: {reason}",
        f"  {mirrors.addresses[1]}{IMAGES}.gz: the server answers 404 Not Found",
        "Looked in:",
        f"  {alone / 'data' / 'mnist'}",
        f"  {alone.parent / 'data' / 'mnist'}",
        f"  {alone / 'work' / 'data' / 'mnist'}",
        f"  {alone / 'cache' / 'mnist'}",
        f"To do without a download, put these files into one of them: {', '.join(COMPRESSED)}",
    ]
    assert kept(alone) == []


@for_all_wrong_answers
def test_the_second_mirror_makes_up_for_the_first(mirrors: Mirrors, alone: Path, answer, reason: str):
    mirrors.put("two", tiny_files())
    mirrors.answers[f"/one/{IMAGES}.gz"] = answer
    assert Mnist().load(0, alone).train.y.tolist() == LABELS
    assert kept(alone) == sorted(COMPRESSED)


def test_a_server_that_says_nothing_counts_as_dead(mirrors: Mirrors, alone: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(downloading, "SECONDS_OF_SILENCE", 0.4)
    mirrors.put("two", tiny_files())
    mirrors.answers[f"/one/{IMAGES}.gz"] = silent
    assert Mnist().load(0, alone).train.y.tolist() == LABELS


def test_a_server_that_falls_silent_counts_as_dead(mirrors: Mirrors, alone: Path, monkeypatch: pytest.MonkeyPatch):
    def stalls(handler: BaseHTTPRequestHandler) -> None:
        half(handler)
        silent(handler)

    monkeypatch.setattr(downloading, "SECONDS_OF_SILENCE", 0.4)
    mirrors.answers[f"/one/{IMAGES}.gz"] = stalls
    with pytest.raises(DataError, match=f"/one/{IMAGES}.gz: timed out"):
        Mnist().load(0, alone)
    assert kept(alone) == []


def test_nobody_listens(mirrors: Mirrors, alone: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Mnist, "publication", replace(Mnist.publication, mirrors=("http://127.0.0.1:1/",)))
    with pytest.raises(DataError, match=f"http://127.0.0.1:1/{IMAGES}.gz: Connection refused"):
        Mnist().load(0, alone)
    assert not (alone / "cache").exists()


def test_errors_without_words_are_named(monkeypatch: pytest.MonkeyPatch, alone: Path):
    def fails(*args: object, **options: object) -> None:
        raise http.client.CannotSendRequest

    monkeypatch.setattr(downloading.urllib.request, "urlopen", fails)
    with pytest.raises(DataError) as error:
        downloading.download(["http://127.0.0.1:1/x"], alone / "x", Mnist.publication.files[0])
    assert str(error.value) == "http://127.0.0.1:1/x: CannotSendRequest"


@pytest.mark.parametrize(("value", "asked"), [("1", 0), ("0", 4), ("", 4)])
def test_downloads_may_be_forbidden(mirrors: Mirrors, alone: Path, monkeypatch: pytest.MonkeyPatch, value, asked):
    mirrors.put("one", tiny_files())
    monkeypatch.setenv("MLTRAIN_OFFLINE", value)
    if asked:
        assert Mnist().fetch(alone) is True
    else:
        with pytest.raises(DataError, match="MLTRAIN_OFFLINE forbids downloading it"):
            Mnist().fetch(alone)
    assert len(mirrors.asked) == asked


def test_a_cache_that_cannot_be_written(mirrors: Mirrors, alone: Path):
    mirrors.put("one", tiny_files())
    (alone / "cache").write_text("a file where the folder should be")
    with pytest.raises(StorageError) as error:
        Mnist().fetch(alone)
    target = alone / "cache" / "mnist" / f"{IMAGES}.gz"
    assert str(error.value) == (
        f"{target} cannot be written: Not a directory; MLTRAIN_CACHE may name a folder that can be written"
    )


def test_a_full_disk(mirrors: Mirrors, alone: Path, monkeypatch: pytest.MonkeyPatch):
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    mirrors.put("one", tiny_files())
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="cannot be written: No space left on device"):
        Mnist().fetch(alone)
    assert kept(alone) == []
    assert mirrors.asked == [f"/one/{IMAGES}.gz"]


def test_an_interrupt_leaves_nothing(mirrors: Mirrors, alone: Path):
    def interrupt(name: str, done: int, total: int | None) -> None:
        assert any(file.endswith(UNFINISHED) for file in kept(alone))
        raise KeyboardInterrupt

    mirrors.put("one", tiny_files())
    with pytest.raises(KeyboardInterrupt):
        Mnist().fetch(alone, interrupt)
    assert kept(alone) == []


CHILD = """
import sys
from pathlib import Path
from mltrain.data.download import download
from mltrain.data.published import File
download(sys.argv[1:2], Path(sys.argv[2]), File("", int(sys.argv[3]), sys.argv[4], (), of_content=True))
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a signal that cannot be caught")
def test_a_killed_download_leaves_no_torn_file_and_is_cleaned_up(mirrors: Mirrors, alone: Path):
    done = threading.Event()

    def stalls(handler: BaseHTTPRequestHandler) -> None:
        half(handler)
        handler.wfile.flush()
        done.wait(20)

    mirrors.put("two", tiny_files())
    mirrors.answers[f"/one/{IMAGES}.gz"] = stalls
    target = alone / "cache" / "mnist" / f"{IMAGES}.gz"
    arguments = [f"{mirrors.addresses[0]}{IMAGES}.gz", str(target), str(SIZE), sha256(RIGHT)]
    child = subprocess.Popen([sys.executable, "-c", CHILD, *arguments])
    try:
        wait_for(lambda: bool(kept(alone)))
        (left,) = kept(alone)
        assert left.endswith(UNFINISHED)
        mirrors.answers[f"/one/{IMAGES}.gz"] = 404
        Mnist().fetch(alone)
        assert kept(alone) == sorted([left, *COMPRESSED])  # it is the work of a living process
        target.unlink()
    finally:
        child.kill()
        child.wait(20)
        done.set()
    assert Mnist.publication.find(None, alone) is None
    Mnist().fetch(alone)
    assert kept(alone) == sorted(COMPRESSED)


def test_two_at_once_do_not_disturb_each_other(mirrors: Mirrors, alone: Path):
    mirrors.put("one", tiny_files())
    barrier, failures = threading.Barrier(8), []

    def fetch() -> None:
        barrier.wait()
        try:
            Mnist().load(0, alone)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=fetch) for _ in range(barrier.parties)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert kept(alone) == sorted(COMPRESSED)


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
