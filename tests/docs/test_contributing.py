"""Adding a layer takes the one file that CONTRIBUTING.md shows."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from doc_pages import PAGES, ROOT, blocks

PAGE = PAGES["CONTRIBUTING.md"]
CONTRACT = "tests/engine/test_layer_contract.py"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the code, with the file of the page in it."""
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copytree(ROOT / "mltrain", folder / "mltrain", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "tests" / "engine", folder / "tests" / "engine")
    shutil.copy(ROOT / "pyproject.toml", folder)
    place = re.search(r"Write\s+`(mltrain/.*\.py)`", PAGE.read_text("utf-8"))
    assert place is not None
    assert not (folder / place[1]).exists()
    (example,) = [block.text for block in blocks(PAGE) if block.language == "python"]
    (folder / place[1]).write_text(f"{example}\n", "utf-8")
    return folder


def run_python(checkout: Path, *arguments: str) -> str:
    """The output of a Python that sees the copy, and is not measured: its files are gone when coverage is reported."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("COVERAGE_", "PYTEST_"))}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=checkout, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_new_layer_is_explained(checkout: Path) -> None:
    assert "saturates more slowly than tanh" in run_python(checkout, "-m", "mltrain", "explain", "softsign")


def test_new_layer_is_tested(checkout: Path) -> None:
    output = run_python(checkout, "-m", "pytest", "-p", "no:cacheprovider", "-vv", CONTRACT, "-k", "softsign")
    passed = re.findall(r"::(test_\w+)\[.*softsign.*PASSED", output)
    assert any("gradient" in name for name in passed), output
    assert any("shape" in name for name in passed), output
