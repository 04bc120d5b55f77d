import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import webbrowser
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from browser import Browser, needs_browser, open_browser

from mltrain.config.load import load_config
from mltrain.job import prepare
from mltrain.training.epoch_report import EpochReport
from mltrain.views.live.broadcast import Broadcast
from mltrain.views.live.desktop import open_page
from mltrain.views.live.page import LivePage
from mltrain.views.live.server import Server, most_connections
from mltrain.views.pictures.gallery import previews_of


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def report(epoch, loss=1.0):
    return EpochReport(epoch, 8, 1, 0.1, loss, {}, val_loss=loss / 2)


def until(condition):
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


@pytest.fixture
def pages(runs):
    """A page for one of the runs' configs, with its clock."""
    opened = []

    def open_page(name):
        config = load_config(runs[name] / "config.yaml")
        clock = Clock()
        opened.append(LivePage(prepare(config, runs[name]), clock))
        return opened[-1], clock

    yield open_page
    for page in opened:
        page.close()


def get(address, path="/", host=None):
    name = address.removeprefix("http://").rstrip("/")
    with closing(http.client.HTTPConnection(name, timeout=60)) as connection:
        connection.request("GET", path, headers={"Host": host or name})
        answer = connection.getresponse()
        return answer.status, answer.read().decode() if path != "/events" else answer


def messages(address, wanted, seen):
    """Read so many events into ``seen``."""
    name = address.removeprefix("http://").rstrip("/")
    with closing(http.client.HTTPConnection(name, timeout=60)) as connection:
        connection.request("GET", "/events")
        answer = connection.getresponse()
        while len(seen) < wanted and (line := answer.readline()):
            if line.startswith(b"data: "):
                seen.append(json.loads(line[6:]))


def test_a_slow_reader_gets_the_newest_message_only():
    feed = Broadcast()
    assert feed.newer(0, 0.0) is None
    feed.publish("one")
    feed.publish("two", last=True)
    assert feed.newer(0, 0.0) == (2, "two", True)
    assert feed.newer(2, 0.0) is None


@pytest.mark.parametrize(
    ("run", "kinds"),
    [
        ("plane", ["plane"]),
        ("three", ["plane"]),
        ("line", ["curve"]),
        ("images", ["samples"]),
        ("shapes", ["samples", "filters"]),
        ("table", []),
    ],
)
def test_the_page_knows_what_suits_the_model(pages, run, kinds):
    page, clock = pages(run)
    clock.now = 1.0
    page.step(1, 2, 0.5)
    status, text = get(page.address, "/about")
    about = json.loads(text)
    assert status == 200
    assert about["title"] == run
    assert [preview["kind"] for preview in about["previews"]] == kinds
    seen = []
    messages(page.address, 1, seen)
    expected = {"plane": {"field"}, "curve": {"y"}, "samples": {"said"}, "filters": {"weights"}}
    assert [set(preview) for preview in seen[0]["previews"]] == [expected[kind] for kind in kinds]


def test_previews_are_computed_once_before_the_first_message_is_timed(runs, monkeypatch):
    computed = []
    monkeypatch.setattr("mltrain.views.pictures.boundary.PlanePreview.now", lambda self: computed.append(1) or {})
    with closing(LivePage(prepare(load_config(runs["plane"] / "config.yaml"), runs["plane"]))):
        assert computed == [1]


def test_filters_are_sent_as_shares_of_the_largest_weight_or_as_colours(runs):
    for name, shape in (("shapes", [3, 3, 3]), ("colour", [5, 2, 2, 3])):
        job = prepare(load_config(runs[name] / "config.yaml"), runs[name])
        samples, filters = previews_of(job.model([]), job.dataset)
        about = filters.about()
        assert (about["layer"], list(about["shape"]), about["colour"]) == ("conv2d", shape, name == "colour")
        kernel = job.network.arrays["conv2d.kernel"]
        kernel[...] = np.linspace(-1, 1, kernel.size).reshape(kernel.shape)
        sent = np.reshape(filters.now()["weights"], shape)
        largest = np.quantile(np.abs(kernel), 0.995)
        if name == "shapes":
            np.testing.assert_array_equal(sent[1], np.clip(np.rint(100 * kernel[:, :, 0, 1] / largest), -100, 100))
        else:
            np.testing.assert_array_equal(
                sent[4], (255 * np.clip(0.5 + kernel[..., 4] / (2 * largest), 0, 1)).astype(int)
            )
        images = np.array(samples.about()["images"])
        x = job.dataset.test.x[:12] if name == "shapes" else job.dataset.train.x
        ink = 255 * x.reshape(len(x), -1).astype(float) / x.max()
        np.testing.assert_array_equal(images, 255 - ink.astype(int) if name == "shapes" else ink.astype(int))


def half_open(address):
    """A connection whose request does not come to its end."""
    connection = socket.create_connection(("127.0.0.1", int(address.rstrip("/").rpartition(":")[2])), timeout=60)
    with contextlib.suppress(OSError):  # it may be closed already
        connection.sendall(b"GET / HTTP/1.1\r\n")
    return connection


def is_closed(connection):
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True


def test_connections_are_few_and_end_when_no_request_comes(pages, monkeypatch):
    monkeypatch.setattr("mltrain.views.live.server.most_connections", lambda: 3)
    monkeypatch.setattr("mltrain.views.live.server._PATIENCE", 1.0)
    page, clock = pages("table")
    clock.now = 1.0
    page.step(1, 2, 0.5)
    connections = [half_open(page.address) for _ in range(5)]
    assert all(map(is_closed, connections[3:]))
    with pytest.raises(OSError):  # noqa: PT011 - reset, or ended without an answer
        get(page.address)
    assert all(map(is_closed, connections[:3]))
    until(lambda: page._server._free._value == 3)
    assert get(page.address)[0] == 200
    for connection in connections:
        connection.close()


@pytest.mark.parametrize(("allowed", "connections"), [(1024, 32), (128, 32), (64, 8), (20, 1), (-1, 32)])
def test_few_open_files_allow_few_connections(monkeypatch, allowed, connections):
    monkeypatch.setattr("resource.getrlimit", lambda _: (allowed, allowed))
    assert most_connections() == connections


SAVING = """
import resource, sys
from pathlib import Path
from mltrain.config.load import load_config
from mltrain.job import prepare
from mltrain.runs.run import Run
from mltrain.views.live.page import LivePage

resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128))
job = prepare(load_config(Path(sys.argv[1], "config.yaml")), Path(sys.argv[1]))
with Run.claim("run", Path("run")) as run:
    page = LivePage(job)
    page.step(1, 2, 0.5)
    print(page.address, flush=True)
    sys.stdin.readline()  # as if it were training
    run.save(job.model([]), [], Path(sys.argv[1]))
page.close()
"""


def test_a_model_is_saved_whoever_connects(runs, tmp_path):
    """There are more half-open connections than the process may open files."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": tmp_path}
    with subprocess.Popen([sys.executable, "-c", SAVING, runs["table"]], **pipes) as process:
        try:
            address = process.stdout.readline().strip()
            connections = [half_open(address) for _ in range(129)]
            assert is_closed(connections[-1])
            process.communicate("\n", timeout=60)
        finally:
            process.kill()
    for connection in connections:
        connection.close()
    assert process.returncode == 0
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == ["config.yaml", "history.csv", "model.npz"]


def test_three_classes_have_a_colour_each_and_are_told_by_number(pages):
    page, clock = pages("three")
    clock.now = 1.0
    page.step(1, 2, 0.5)
    sight = json.loads(get(page.address, "/about")[1])["previews"][0]
    assert (sight["classes"], sight["colours"]) == (["a", "b", "c"], ["blue", "orange", "green"])
    seen = []
    messages(page.address, 1, seen)
    assert set(seen[0]["previews"][0]["field"]) <= {0, 1, 2}


def test_readers_are_told_of_epochs_and_of_the_end(pages):
    page, clock = pages("line")
    seen = []
    clock.now = 1.0
    page.show(report(1, 4.0))
    reader = threading.Thread(target=messages, args=(page.address, 4, seen))
    reader.start()
    until(lambda: seen)
    clock.now = 2000.0
    page.show(report(2, 3.0))
    until(lambda: len(seen) == 2)
    clock.now = 4000.0
    page.refit(3, 5)
    until(lambda: len(seen) == 3)
    page.close()
    reader.join()
    assert [message["epoch"] for message in seen] == [1, 2, 2, 2]
    assert [message["over"] for message in seen] == [False, False, False, True]
    assert [message["refit"] for message in seen] == [None, None, [3, 5], [3, 5]]
    assert seen[1]["series"] == {"loss": [4.0, 3.0], "val_loss": [2.0, 1.5]}
    assert seen[1]["left"] == pytest.approx(2000 / (2 / 8) - 2000)
    with pytest.raises(OSError, match="refused"):
        get(page.address)


def test_the_training_thread_says_nothing_before_it_is_due(pages, monkeypatch):
    page, clock = pages("line")
    said = []
    monkeypatch.setattr(page, "_message", lambda **_: said.append(clock.now) or "{}")
    for tick in range(100):
        clock.now = 0.01 * (tick + 1)
        page.step(1, 2, 0.5)
    assert len(said) == 2
    assert min(later - earlier for earlier, later in pairwise(said)) >= 0.5


def test_after_a_message_training_has_a_hundred_times_as_long_for_itself(pages, monkeypatch):
    page, clock = pages("line")
    said = []

    def slow(**_):
        said.append(clock.now)
        clock.now += 0.1
        return "{}"

    monkeypatch.setattr(page, "_message", slow)
    clock.now = 1.0
    while len(said) < 2:
        page.step(1, 2, 0.5)
        clock.now += 0.05
    assert said[1] - (said[0] + 0.1) == pytest.approx(10.0, abs=0.06)


@pytest.fixture
def server():
    server = Server(Broadcast(), lambda: "{}")
    server.start()
    yield server
    server.stop()


def test_it_listens_on_the_loopback_address_only(server):
    assert server.server_address[0] == "127.0.0.1"
    with socket.socket() as elsewhere:
        elsewhere.settimeout(2)
        # Another address of this machine's own loopback network: nobody listens there.
        assert elsewhere.connect_ex(("127.0.0.2", server.server_port)) != 0


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1:1", "192.168.0.1", ""])
@pytest.mark.parametrize("path", ["/", "/about", "/events"])
def test_requests_under_another_name_are_refused(server, host, path):
    port = server.server_port
    host = host if host != "evil.example" else f"evil.example:{port}"
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.putrequest("GET", path, skip_host=True)
        connection.putheader("Host", host)
        connection.endheaders()
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (403, b"this page is for the machine that trains, and no other")


def test_requests_from_other_machines_would_be_refused(server):
    host = f"localhost:{server.server_port}"
    assert server.may_serve(host, "127.0.0.1")
    assert server.may_serve(host, "::1")
    assert not server.may_serve(host, "192.168.0.7")


def test_there_are_no_other_pages_and_no_other_methods(server):
    assert get(server.address, "/etc/passwd")[0] == 404
    with closing(http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=60)) as connection:
        connection.request("POST", "/")
        assert connection.getresponse().status == 501


LONG = """
dataset: {type: playground, shape: circle, samples: 100, validation_split: 0.2}
layers: [{type: dense, units: 4, activation: tanh}, {type: dense, units: 1, activation: sigmoid}]
loss: binary_crossentropy
metrics: [accuracy]
training: {epochs: 1000000}
"""


@pytest.fixture
def training(tmp_path: Path):
    """A training that goes on until it is interrupted, and the address of its page."""
    (tmp_path / "long.yaml").write_text(LONG)
    command = [sys.executable, "-m", "mltrain", "fit", "long.yaml", "--live", "--quiet", "--out", "run"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    try:
        found = re.search(r"http://127\.0\.0\.1:\d+/", process.stderr.readline())
        yield process, found[0]
    finally:
        process.kill()
        process.communicate()


def test_in_a_pipeline_the_page_ends_with_the_training(tmp_path: Path):
    (tmp_path / "short.yaml").write_text(LONG.replace("1000000", "2"))
    command = [sys.executable, "-m", "mltrain", "fit", "short.yaml", "--live", "--json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    assert done.returncode == 0
    assert json.loads(done.stdout)["epochs"] == 2
    assert "until Ctrl-C" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="needs a terminal that a program can hold")
def test_on_a_terminal_the_page_stays_until_ctrl_c(tmp_path: Path):
    import pty

    (tmp_path / "short.yaml").write_text(LONG.replace("1000000", "2"))
    held, end = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if "DISPLAY" not in name} | {"TERM": "xterm"}
    process = subprocess.Popen(
        [sys.executable, "-m", "mltrain", "fit", "short.yaml", "--live", "--quiet"],
        cwd=tmp_path, env=environment, stdin=end, stdout=subprocess.DEVNULL, stderr=end,
    )  # fmt: skip
    os.close(end)
    try:
        text = ""
        while "until Ctrl-C" not in text:
            text += os.read(held, 1000).decode()
        address = re.search(r"http://127\.0\.0\.1:\d+/", text)[0]
        for _ in range(2):  # and the page can be loaded again
            seen = []
            messages(address, 1, seen)
            assert (seen[0]["over"], seen[0]["epoch"]) == (True, 2)
        assert (tmp_path / "runs" / "short-001" / "model.npz").is_file()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0
    finally:
        process.kill()
        process.wait()
        os.close(held)


class Window:
    """A browser that opens windows."""

    opened = ""

    def open(self, address):
        self.opened = address
        return True


@pytest.mark.parametrize(
    ("environment", "opens"),
    [
        ({}, False),
        ({"DISPLAY": ":0"}, True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, True),
        ({"DISPLAY": ":10", "SSH_CONNECTION": "10.0.0.1 22 10.0.0.2 22"}, False),
    ],
)
def test_a_browser_is_opened_where_there_is_a_desktop(monkeypatch, environment, opens):
    window = Window()
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr("webbrowser.get", lambda: window)
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SSH_CONNECTION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert open_page("http://127.0.0.1:1/") is opens
    assert window.opened == ("http://127.0.0.1:1/" if opens else "")


def test_a_browser_on_the_terminal_or_none_is_not_opened(monkeypatch):
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.delenv("SSH_CONNECTION", raising=False)
    monkeypatch.setattr("webbrowser.get", lambda: webbrowser.GenericBrowser("false"))
    assert not open_page("http://127.0.0.1:1/")

    def nothing():
        raise webbrowser.Error

    monkeypatch.setattr("webbrowser.get", nothing)
    assert not open_page("http://127.0.0.1:1/")


def test_who_sits_there_is_greeted_once_the_page_is_served(runs):
    greeted = []
    page = LivePage(prepare(load_config(runs["line"] / "config.yaml"), runs["line"]), greet=greeted.append)
    with closing(page):
        assert not greeted
        page.step(1, 2, 0.5)
        until(lambda: greeted)
        page.finish()
    assert greeted == [page.address]


def test_a_closed_tab_does_not_disturb_the_training_and_its_end_is_as_ever(training, tmp_path: Path):
    process, address = training
    seen = []
    messages(address, 2, seen)  # and away
    messages(address, 3, seen)
    assert seen[2]["epoch"] >= seen[1]["epoch"]
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130
    assert (tmp_path / "run" / "model.npz").is_file()


@pytest.fixture(scope="module")
def browser():
    with open_browser() as browser:
        yield browser


@needs_browser
def test_a_browser_shows_the_training_as_it_runs(browser: Browser, training):
    process, address = training
    browser.resize(360)
    browser.open(address)
    browser.wait("return document.querySelectorAll('canvas').length == 3")
    assert browser.run("return document.getElementById('title').textContent") == "long"
    first = browser.run("return newest.epoch")
    browser.wait(f"return newest.epoch > {first}")
    assert re.fullmatch(
        r"epoch \d+ of 1000000(, loss so far [\d.]+)?, [\d:]+ left",
        browser.run("return document.getElementById('status').textContent"),
    )
    titles = browser.run("return [...document.querySelectorAll('h2')].map(title => title.textContent)")
    assert [title.split(":")[0] for title in titles] == ["every point of the plane", "loss", "accuracy"]
    assert browser.run("return document.getElementById('legend').textContent.split(/\\s+/).filter(Boolean)") == [
        *["●", "orange"],
        *["■", "blue"],
    ]
    marks = "return [...document.querySelectorAll('#legend span')].map(mark => getComputedStyle(mark).color)"
    assert len(set(browser.run(marks))) == 2
    browser.resize(1280, 800)
    browser.wait("return document.getElementById('sight').getBoundingClientRect().bottom <= innerHeight")
    browser.resize(360)
    blank = """return [...document.querySelectorAll('canvas')].filter(canvas =>
        canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.every(value => !value)).length"""
    assert browser.run(blank) == 0
    assert browser.run("return document.querySelectorAll('canvas:not([aria-label])').length") == 0
    assert browser.run("return document.documentElement.scrollWidth") <= 360
    process.send_signal(signal.SIGINT)
    browser.wait("return newest.over")
    assert browser.run("return document.getElementById('status').textContent").startswith("stopped after ")
    assert browser.run("return [ended(3, 3), ended(1, 1), ended(2, 5)]") == [
        "done: 3 epochs",
        "done: 1 epoch",
        "stopped after 2 of 5 epochs",
    ]
    assert process.wait(timeout=60) == 130
    assert browser.complaints() == []


@needs_browser
@pytest.mark.parametrize(
    ("run", "weight", "scheme", "pixel"),
    [
        ("shapes", -1.0, "light", "213,94,0,255"),
        ("shapes", -1.0, "dark", "240,151,63,255"),
        ("colour", 1.0, "dark", "255,255,255,255"),
    ],
)
def test_a_browser_shows_the_filters_as_they_form(browser: Browser, runs, run, weight, scheme, pixel):
    job, clock = prepare(load_config(runs[run] / "config.yaml"), runs[run]), Clock()
    with closing(LivePage(job, clock)) as page:
        kernel = job.network.arrays["conv2d.kernel"]
        clock.now = 1.0
        page.step(1, 2, 0.5)
        browser.resize(360)
        browser.prefer(scheme)
        browser.open(page.address)
        browser.wait("return document.querySelectorAll('#filters canvas').length")
        first = "document.querySelector('#filters canvas').getContext('2d').getImageData(0, 0, 1, 1).data"
        before = browser.run(f"return {first}.join()")
        kernel[...] = weight
        clock.now = 9000.0
        page.show(report(1))
        browser.wait(f"return {first}.join() !== '{before}'")
        assert browser.run(f"return {first}.join()") == pixel
        assert browser.run("return document.querySelectorAll('#filters canvas').length") == kernel.shape[3]
        assert browser.run("return document.querySelectorAll('#samples canvas').length") == (
            12 if run == "shapes" else 4
        )
        assert browser.run("return document.documentElement.scrollWidth") <= 360
        assert browser.run("return document.querySelectorAll('canvas:not([aria-label])').length") == 0
    browser.prefer("light")
    # Chromium advises those who read pixels, as this test does.
    assert [one for one in browser.complaints() if "willReadFrequently" not in one] == []
