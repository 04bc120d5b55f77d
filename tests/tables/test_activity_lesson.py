"""The lesson of activities: what the page says is so."""

import runpy
import subprocess
import sys
from pathlib import Path

import mltrain
from mltrain.config.load import load_config
from mltrain.preparation import prepare

ROOT = Path(__file__).parents[2]
CONFIG, TABLE = ROOT / "configs" / "activity.yaml", ROOT / "data" / "activity.csv"
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


def test_the_network_gets_the_rows_right_that_it_has_not_seen():
    model = mltrain.fit(CONFIG)
    held_back = prepare(load_config(CONFIG), CONFIG.parent).dataset.test
    assert len(held_back.x) == 80
    assert model.evaluate(held_back).metrics["accuracy"] >= 0.95
    golf = {"speed_kmh": 4.8, "heart_rate": 95, "steps_per_minute": 60, "minutes": 230}
    assert model.predict_labels([golf]) == ["golfing"]
