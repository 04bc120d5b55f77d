"""The lesson of activities: what the page says of the ifs is so. tests/lessons has the network."""

import runpy
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "data" / "activity.csv"
PAGE = (ROOT / "docs" / "lessons" / "activity.md").read_text()


def test_the_script_makes_the_table_that_is_there():
    script = runpy.run_path(str(ROOT / "data" / "make_activity.py"))
    header, *rows = TABLE.read_text().splitlines()
    assert header == ",".join([*script["COLUMNS"], "activity"])
    assert rows == script["rows"]()


def test_the_program_of_ifs_fails_as_the_page_shows():
    script = ROOT / "docs" / "lessons" / "activity.py"
    shown = subprocess.run([sys.executable, script, TABLE], check=True, capture_output=True, text=True).stdout
    assert "all      74.0%" in shown
    assert all(f"    {line}" in PAGE for line in shown.splitlines())
    code = script.read_text()
    assert code[code.index("def activity") : code.index("\n\n\nif __name__")] in PAGE
