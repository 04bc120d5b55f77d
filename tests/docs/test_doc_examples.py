"""The Python examples of the pages run, and print what the comments beside ``print`` say."""

import re
from pathlib import Path

import pytest
from doc_pages import PAGES, blocks
from doc_terminal import prepare

EXAMPLES = {
    f"{name}: {block.section}": block.text
    for name, page in PAGES.items()
    for block in blocks(page)
    if block.language == "python" and "import mltrain" in block.text
}


def test_readme_has_an_example() -> None:
    assert any(name.startswith("README.md") for name in EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_prints_what_it_says(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare(tmp_path, monkeypatch)
    exec(compile(EXAMPLES[name], name, "exec"), {})
    said = re.findall(r"print\(.*\) +# (.*)", EXAMPLES[name])
    assert said
    assert capsys.readouterr().out.splitlines() == said
