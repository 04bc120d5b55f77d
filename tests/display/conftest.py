import pytest


@pytest.fixture(autouse=True)
def _terminal_of_80_columns(monkeypatch):
    """The tests' own surroundings, whatever the ones of pytest are."""
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"TERM": "xterm-256color", "COLORTERM": "", "COLUMNS": "80", "LINES": "24"}.items():
        monkeypatch.setenv(name, value)
