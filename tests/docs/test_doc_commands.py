"""Every line of the pages' code blocks that starts with ``mltrain`` runs, and shows what the page says."""

import re
from pathlib import Path

import pytest
from doc_pages import PAGES, Step, blocks, steps
from doc_terminal import prepare, type_in

SECTIONS = {
    f"{name}: {section}": found
    for name, page in PAGES.items()
    for section in dict.fromkeys(block.section for block in blocks(page))
    if (found := [step for block in blocks(page) if block.section == section for step in steps(block)])
}
"""The commands of each section: a section can be followed by who reads no other."""


def test_pages_have_commands() -> None:
    assert len(SECTIONS) > 20


@pytest.mark.parametrize("section", SECTIONS)
def test_commands_do_what_the_page_says(section: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(tmp_path, monkeypatch)
    for step in SECTIONS[section]:
        code, screen = cat(step) if step.command.startswith("cat ") else type_in(step.command, monkeypatch)
        assert re.fullmatch(step.expected_code(), str(code)), f"{step.command} ended with {code}:\n{screen}"
        assert not step.shown or _agree(step.shown, screen.splitlines()), f"{step.command} shows\n{screen}"


def cat(step: Step) -> tuple[int, str]:
    """Show a file. One that is not there yet is one that the page tells its readers to write."""
    file = Path(step.command.removeprefix("cat "))
    if not file.exists():
        file.write_text("\n".join(step.shown) + "\n", "utf-8")
    return 0, file.read_text("utf-8")


def _agree(shown: list[str], real: list[str]) -> bool:
    """Whether a page shows what a screen does; its lines of three points stand for any lines."""
    lines = (r"(.*\n)*?" if line.strip() == "..." else re.escape(f"{_comparable(line)}\n") for line in shown)
    return re.fullmatch("".join(lines), "".join(f"{_comparable(line)}\n" for line in real)) is not None


def _comparable(line: str) -> str:
    """A line without what differs from machine to machine: numbers, units of time, curves, and the blanks between."""
    line = re.sub(r"-?\d+(,\d{3})*(\.\d+)?(e[-+]\d+)?( (ms|s|µs|min)\b)?", "#", line)
    line = re.sub(r"[\u2800-\u28ff▁-█]+", "", re.sub(r"─+", "─", line))
    return " ".join(line.split())


def test_what_differs_between_machines_does_not_matter() -> None:
    assert _agree(["trained  5 epochs in 7.1 s", "..."], ["trained  5  epochs in 1,234.5 ms", "", "next"])
    assert _agree(["...", "loss 1.2e-05"], ["loss  0.31"])
    assert not _agree(["accuracy 0.9"], ["precision 0.9"])
    assert not _agree(["epoch 1"], ["epoch 1", "epoch 2"])
