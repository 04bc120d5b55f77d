"""Files that are made from the code are as the code is now."""

import importlib.util
from pathlib import Path

import pytest
from doc_pages import ROOT
from doc_terminal import prepare, type_in

from mltrain.commands.init import SCHEMA_FILE


def test_generated_files_are_up_to_date() -> None:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    files = script.generated()
    assert len(files) == 2
    for path, text in files.items():
        assert path.read_text("utf-8") == text, f"{path} is stale; run: python docs/generate.py"


def test_configs_name_a_schema_that_is_there() -> None:
    configs = list((ROOT / "configs").glob("*.yaml"))
    assert configs
    for config in configs:
        assert config.read_text("utf-8").startswith(f"# yaml-language-server: $schema={SCHEMA_FILE}\n")
    assert (ROOT / "configs" / SCHEMA_FILE).is_file()


def test_init_writes_the_same_schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(tmp_path, monkeypatch)
    type_in("mltrain init linear", monkeypatch)
    written, committed = tmp_path / SCHEMA_FILE, ROOT / "configs" / SCHEMA_FILE
    assert written.read_bytes() == committed.read_bytes()
