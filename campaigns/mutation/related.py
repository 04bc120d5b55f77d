"""Which tests to run first for a file: those that are most likely to notice a change of it."""

import re
from collections.abc import Sequence
from pathlib import Path


def stages(path: Path, root: Path) -> list[list[str]]:
    """Test files in three stages, each once: those that import the module; those of its room; all others."""
    tests = sorted((root / "tests").rglob("test_*.py"))
    parts = path.with_suffix("").parts
    module = re.compile(rf"\b{re.escape('.'.join(parts))}\b")
    room = re.compile(rf"\b{re.escape('.'.join(parts[:2]))}\b")
    texts = {test: test.read_text("utf-8") for test in tests}
    near = [test for test in tests if module.search(texts[test]) or parts[-1] in test.stem]
    same_room = [test for test in tests if test not in near and (room.search(texts[test]) or parts[1] in test.parts)]
    return [_names(near, root), _names(same_room, root), _names([t for t in tests if t not in near + same_room], root)]


def _names(tests: Sequence[Path], root: Path) -> list[str]:
    return [str(test.relative_to(root)) for test in tests]
