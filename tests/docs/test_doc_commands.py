"""Every line of the pages' code blocks that starts with ``mltrain`` runs, and shows what the page says."""

import re
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from doc_pages import PAGES, Step, blocks, steps
from doc_terminal import draw_photographs, prepare, type_in

from mltrain.cli import app

SECTIONS = {
    f"{name}: {section}": found
    for name, page in PAGES.items()
    for section in dict.fromkeys(block.section for block in blocks(page))
    if (found := [step for block in blocks(page) if block.section == section for step in steps(block)])
}
"""The commands of each section: a section can be followed by who reads no other."""


def test_every_command_is_in_the_overviews() -> None:
    """Each has a line in the README and a section on the page of commands."""
    readme, page = (PAGES[name].read_text() for name in ("README.md", "docs/commands.md"))
    commands = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    commands |= {group.name for group in app.registered_groups if group.name}
    assert len(commands) > 15
    for command in commands:
        assert f"| `mltrain {command}" in readme, command
        assert f"\n## {command}\n" in page, command


def test_pages_have_commands() -> None:
    assert len(SECTIONS) > 20


@pytest.mark.parametrize("section", SECTIONS)
def test_commands_do_what_the_page_says(section: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(tmp_path, monkeypatch)
    if any("photos" in step.command for step in SECTIONS[section]):
        draw_photographs(tmp_path / "photos")
    # The folder has a hundredth of MNIST's images, so what is learned from them is not what the page shows.
    numbers = not any("mnist" in step.command for step in SECTIONS[section])
    with ExitStack() as servers:
        _follow(SECTIONS[section], servers, monkeypatch, numbers=numbers)


def _follow(steps: list[Step], servers: ExitStack, monkeypatch: pytest.MonkeyPatch, *, numbers: bool) -> None:
    port = PORT
    for step in steps:
        if step.is_server:
            port = free_port()
            code, screen = 0, servers.enter_context(server(step.command, port))
        elif step.is_program:
            code, screen = run_program(step.command.replace(f":{PORT}/", f":{port}/"))
        else:
            code, screen = cat(step) if step.command.startswith("cat ") else type_in(step.command, monkeypatch)
        screen = screen.replace(f":{port}/", f":{PORT}/")
        assert re.fullmatch(step.expected_code(), str(code)), f"{step.command} ended with {code}:\n{screen}"
        assert not step.shown or _agree(step.shown, screen.splitlines(), numbers=numbers), (
            f"{step.command} shows\n{screen}"
        )


def cat(step: Step) -> tuple[int, str]:
    """Show a file. One that is not there yet is one that the page tells its readers to write."""
    file = Path(step.command.removeprefix("cat "))
    if not file.exists():
        file.write_text("\n".join(step.shown) + "\n", "utf-8")
    return 0, file.read_text("utf-8")


def run_program(command: str) -> tuple[int, str]:
    """Run a program that an export wrote, or that compiles one. Skips the section where the program is not there."""
    program, *words = shlex.split(command)
    if program == "python":
        program = sys.executable
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    done = subprocess.run([program, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.returncode, done.stdout


@contextmanager
def server(command: str, port: int) -> Iterator[str]:
    """A command that serves, within the block, at this port; yields the first line that it shows."""
    words = [*shlex.split(command.removesuffix("&"))[1:], "--port", str(port)]
    process = subprocess.Popen([sys.executable, "-m", "mltrain", *words], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        yield process.stderr.readline()
    finally:
        process.terminate()
        assert process.wait(60) == 0
        process.stderr.close()


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


PORT = 8000
"""The port on the pages, which may be taken on this machine."""

TOLERANCE = 0.1
"""How far apart decimal numbers of a page and of a screen may be, relatively: sums of floats differ from machine to
machine, and training makes more of the difference. Two units of the last digit that is shown are allowed as well."""

NUMBER = r"(?:(?<![\w.])[-−+])?\d+(?:,\d{3})*(?:\.\d+)?(?:e[-+]\d+)?"
TIME = rf"{NUMBER} (?:ms|s|µs|min)\b(?:/step)?|\d{{4}}-\d\d-\d\d \d\d:\d\d|(?<=\"seconds\": ){NUMBER}"
"""Times differ from machine to machine, and from run to run."""

ROUNDING = 1e-9
"""Numbers below it are what is left of sums that should be 0."""


def _agree(shown: list[str], real: list[str], *, numbers: bool = True) -> bool:
    """Whether a page shows what a screen does; its lines of three points stand for any lines."""
    shown, real = _without_times(shown), _without_times(real)

    def fits(at: int, there: int) -> bool:
        if at == len(shown):
            return there == len(real)
        if shown[at].strip() == "...":
            return any(fits(at + 1, start) for start in range(there, len(real) + 1))
        return there < len(real) and _alike(shown[at], real[there], numbers=numbers) and fits(at + 1, there + 1)

    return fits(0, 0)


def _without_times(lines: list[str]) -> list[str]:
    """The lines without times, curves and the blanks between words. Some times have their unit in the heading."""
    found: list[str] = []
    heading: list[str] = []
    for line in lines:
        line = re.sub("[\u2800-\u28ff▁-█]+", "", re.sub("─+", "─", re.sub(TIME, "TIME", line)))
        words = line.split()
        if not words or "µs/step" in words or "seconds" in line.split(","):
            heading = words
        elif "share" in heading:  # of all the time
            words = [re.sub(rf"{NUMBER}%?", "TIME", word) for word in words if word != "TIME"]
        elif "µs/step" in heading and re.fullmatch(r"[\d,]+", words[0]):  # the number of an epoch
            words[-1] = "TIME"
        elif heading and "seconds" in (columns := heading[0].split(",")) and len(columns) == len(words[0].split(",")):
            fields = words[0].split(",")
            fields[columns.index("seconds")] = "TIME"
            words = [",".join(fields)]
        found.append(" ".join(words))
    return found


def _alike(shown: str, real: str, *, numbers: bool) -> bool:
    """Whether two lines have the same words and, if these are to be compared, nearly the same ``numbers``.

    Three points after a comma at the end stand for the rest of the line.
    """
    if shown.endswith(", ..."):
        shown = shown.removesuffix(" ...")
        real = " ".join(real.split()[: len(shown.split())])
    if re.sub(NUMBER, "#", shown) != re.sub(NUMBER, "#", real):
        return False
    pairs = zip(re.findall(NUMBER, shown), re.findall(NUMBER, real), strict=True)
    return not numbers or all(_near(one, other) for one, other in pairs)


def _near(shown: str, real: str) -> bool:
    """Whether numbers are the same: whole ones exactly, others within the tolerance."""
    if re.fullmatch(r"[\d,]+", shown) and re.fullmatch(r"[\d,]+", real):
        return shown == real
    one, other = (float(text.replace(",", "").replace("−", "-")) for text in (shown, real))
    digits = re.fullmatch(r"[-−+]?[\d,]+\.?(\d*)(?:e([-+]\d+))?", shown)
    assert digits is not None
    last = 10.0 ** (int(digits[2] or 0) - len(digits[1]))
    return abs(one - other) <= max(2 * last, TOLERANCE * abs(one), ROUNDING) * (1 + 1e-9)


def test_times_differ_between_machines_and_numbers_a_little() -> None:
    assert _agree(["trained  5 epochs in 7.1 s", "..."], ["trained  5  epochs in 1,234.5 ms", "", "next"])
    assert _agree(["...", "loss 1.2e-05"], ["loss  1.23e-05"])
    assert _agree(
        ["epoch loss µs/step", "1 0.5 70", "...", "9 0.1 9"], ["epoch  loss µs/step", "1 0.51 1", "2", "9 0.1 3"]
    )
    assert not _agree(["accuracy 0.9"], ["precision 0.9"])
    assert not _agree(["epoch 1"], ["epoch 1", "epoch 2"])
    assert not _agree(["loss 0.30"], ["loss 0.34"])
    assert _agree(["epoch,seconds,loss", "1,0.1,0.5", "...", "9,0.1,0.2"], ["epoch,seconds,loss", "1,7,0.5", "9,8,0.2"])
    assert _agree(["2026-11-22 18:33 loss 2e-13"], ["2027-01-02 03:04 loss 5e-14"])
    assert not _agree(["trained 5 epochs"], ["trained 6 epochs"])
    assert not _agree(["runs/linear-001"], ["runs/linear-002"])
    assert _agree(["loss 0.30"], ["loss 0.9"], numbers=False)
