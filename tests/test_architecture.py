"""The rooms of the house, and who may call whom: imports run one way, and heavy ones stay where they are needed."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "mltrain"

ROOMS: dict[str, set[str]] = {
    # What everybody may use, and what uses nobody.
    "errors": set(),
    "spec": set(),
    "randomness": set(),
    "threads": set(),
    "interrupts": set(),
    "streams": set(),
    "memory": set(),
    "locks": set(),
    "replacing": {"locks"},
    "reading": set(),
    # The mathematics and the rows know nothing of each other.
    "engine": {"errors", "spec", "randomness"},
    "data": {"errors", "spec", "randomness", "reading", "replacing"},
    "backends": {
        "engine",
        "data",
        "errors",
        "randomness",
        "threads",
        "training.checkpointing",
        "training.divergence",
        "training.targets",
    },
    "training": {"backends", "engine", "data", "errors", "spec", "randomness", "threads", "memory"},
    # Text, terminal and disk.
    "config": {"training", "engine", "data", "errors", "spec", "reading"},
    "display": {"training.report", "streams"},
    "storage": {"config", "backends", "training", "engine", "data", "errors", "reading", "replacing", "locks", ""},
    # All put together.
    "preparation": {"storage", "config", "backends", "training", "engine", "data", "errors", "randomness"},
    # What there is to see in a run, as arrays; then as files, as a page about a run, and as a page while it trains.
    "insight": {"preparation", "storage", "backends", "training", "engine", "data"},
    "plotting": {"insight", "storage", "display", "errors"},
    "report": {"plotting", "preparation", "storage", "config", "display", "engine", "data", "errors", ""},
    "live": {"insight", "preparation", "storage", "display", "training", "engine", "data"},
    "api": {"preparation", "storage", "config", "training"},
    "commands": {
        "insight",
        "plotting",
        "report",
        "live",
        "preparation",
        "storage",
        "config",
        "display",
        "backends",
        "training",
        "engine",
        "data",
        "errors",
        "spec",
        "interrupts",
    },
    "cli": {"commands", "display", "errors", "streams", "threads", "backends", ""},
    "__main__": {"cli"},
    "": {"api", "config", "errors", "storage"},  # mltrain/__init__.py: what a notebook sees
}
"""Each room of mltrain/ (a folder or a file) with the rooms that it may import; "" is the package itself."""

OUTSIDERS: dict[str, set[str]] = {
    "numpy": {
        "engine",
        "data",
        "backends",
        "training",
        "storage",
        "commands",
        "randomness",
        "insight",
        "plotting",
        "report",
        "live",
    },
    "matplotlib": {"plotting"},
    "PIL": {"plotting"},
    "msgspec": {"spec", "backends", "engine", "data", "training", "config", "storage"},
    "yaml": {"config"},
    "rich": {"display"},
    "typer": {"cli"},
}
"""Each library with the rooms that may use it. All else is Python's own."""


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return "" if parts == ("__init__",) else parts[0]


def imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are written in full"
            yield node.module or ""


def test_there_are_rooms_to_look_at() -> None:
    assert {room_of(path) for path in modules()} == set(ROOMS)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_run_one_way(path: Path) -> None:
    room = room_of(path)
    for name in imports_of(path):
        library, _, inside = name.partition(".")
        if library == "mltrain":
            other = inside.partition(".")[0]
            allowed = ROOMS[room] | {room}
            assert other in allowed or inside in allowed, f"{path.name} imports {name}"
        elif library not in sys.stdlib_module_names:
            assert room in OUTSIDERS.get(library, set()), f"{path.name} imports {name}"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_module_says_why_it_exists(path: Path) -> None:
    """By a docstring; a file that is one spec says it in the spec's."""
    tree = ast.parse(path.read_text("utf-8"))
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    assert ast.get_docstring(tree) or (len(classes) == 1 and ast.get_docstring(classes[0])) or not tree.body


def loaded_by(*words: str) -> set[str]:
    code = "import sys; sys.argv = ['mltrain', *sys.argv[1:]]\ntry:\n from mltrain.cli import main; main()\n"
    code += "finally: print(*sys.modules, sep='\\n', file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in done.stderr.split()}


def test_help_waits_for_no_library() -> None:
    loaded = loaded_by("--help")
    assert "typer" in loaded
    assert not loaded & {"numpy", "msgspec", "yaml", "rich"}


def test_commands_in_a_pipe_do_not_wait_for_rich() -> None:
    assert "rich" not in loaded_by("explain", "dense")


def test_import_is_silent_and_light() -> None:
    code = (
        "import mltrain, sys; assert not {'numpy', 'msgspec', 'yaml', 'typer'} & set(sys.modules); mltrain.load_config"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
