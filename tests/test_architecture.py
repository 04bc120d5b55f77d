"""The rooms of mltrain/ and the imports between them: one way only, and heavy libraries where they are needed."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "mltrain"

ROOMS: dict[str, set[str]] = {
    # Used by all, and using none of the others.
    "errors": set(),
    "spec": set(),
    "names": set(),
    "random_streams": set(),
    "views.palette": set(),
    "system": {"errors", ""},
    # The mathematics and the rows are independent of each other.
    "engine": {"errors", "names", "spec", "random_streams", "system"},
    "data": {"errors", "spec", "names", "random_streams", "system"},
    # The seam between a job and how its numbers are computed; what is behind it; and which backend that is.
    "backends.profiler": set(),
    "backends.base": {"backends.profiler", "engine", "data"},
    "backends.numpy": {
        "backends.base",
        "backends.profiler",
        "engine",
        "data",
        "errors",
        "random_streams",
        "system",
        "training.targets",
    },
    "backends.default": {"backends.base", "backends.numpy"},
    "training": {"backends.base", "backends.profiler", "engine", "data", "errors", "names", "random_streams"},
    "checks": {"backends.base", "training", "engine", "data", "errors", "system"},
    "config": {"checks", "training", "engine", "data", "errors", "spec", "names", "system"},
    # A trained model; the folder that a training leaves behind; a training with everything that it needs.
    "inference": {
        "config",
        "checks",
        "backends.base",
        "backends.default",
        "training",
        "engine",
        "data",
        "errors",
        "random_streams",
        "system",
        "",
    },
    "runs": {"inference", "config", "backends.base", "training", "engine", "data", "errors", "names", "system", ""},
    # A model in a form that runs without mltrain.
    "export": {
        "inference",
        "config",
        "backends.base",
        "engine",
        "data",
        "errors",
        "names",
        "spec",
        "system",
        "views.palette",
        "",
    },
    # A model behind an address: the app for a web server.
    "serving": {"export", "runs", "inference", "data", "engine", "errors", "names", "system", ""},
    "job": {
        "inference",
        "config",
        "checks",
        "backends.base",
        "backends.default",
        "backends.profiler",
        "training",
        "engine",
        "data",
        "errors",
        "random_streams",
    },
    # Why a model predicts what it predicts.
    "explain": {"backends.default", "inference", "training", "engine", "data", "errors", "random_streams"},
    "search": {
        "job",
        "inference",
        "config",
        "backends.base",
        "training",
        "engine",
        "data",
        "errors",
        "system",
    },
    # A run as arrays; then in the terminal, as files, as a page about a run, and as a page while it trains.
    "views.terminal": {"training.epoch_report", "backends.profiler", "system", "views.palette"},
    "views.insight": {
        "explain",
        "search",
        "config",
        "errors",
        "job",
        "runs",
        "inference",
        "backends.default",
        "training",
        "engine",
        "data",
        "random_streams",
    },
    "views.plotting": {
        "explain",
        "engine.class_scores",
        "views.insight",
        "views.terminal",
        "views.palette",
        "runs",
        "errors",
        "system",
    },
    "views.pictures": {
        "explain",
        "views.insight",
        "views.plotting",
        "views.terminal",
        "views.palette",
        "job",
        "inference",
        "training",
        "engine",
        "data",
        "errors",
    },
    "views.report": {
        "views.insight",
        "views.pictures",
        "inference",
        "views.plotting",
        "views.terminal",
        "views.palette",
        "job",
        "runs",
        "config",
        "engine",
        "data",
        "errors",
        "",
    },
    "views.live": {
        "views.pictures",
        "views.terminal",
        "views.palette",
        "job",
        "training",
    },
    # A config as a script for another framework.
    "code": {"job", "config", "data", "engine", "errors", "spec", ""},
    "api": {"job", "runs", "inference", "config", "checks", "training", "errors", "system"},
    "commands": {
        "code",
        "explain",
        "export",
        "serving",
        "search",
        "views.insight",
        "views.pictures",
        "views.plotting",
        "views.report",
        "views.live",
        "views.terminal",
        "job",
        "runs",
        "inference",
        "config",
        "backends.base",
        "backends.profiler",
        "checks",
        "training",
        "engine",
        "data",
        "errors",
        "spec",
        "names",
        "system",
    },
    "cli": {"commands", "views.terminal", "backends.profiler", "data.image_files", "errors", "system", ""},
    "__main__": {"cli"},
    "": {
        "api",
        "config",
        "errors",
        "inference",
        "job",
        "backends.base",
        "training",
    },  # mltrain/__init__.py: lazy, so it closes no circle
}
"""Each room of mltrain/ (a folder or a file) with the rooms that it may import; "" is the package itself."""

OUTSIDERS: dict[str, set[str]] = {
    "numpy": {
        "cli",
        "backends.base",
        "backends.numpy",
        "checks",
        "code",
        "commands",
        "data",
        "engine",
        "export",
        "inference",
        "random_streams",
        "runs",
        "search",
        "serving",
        "system",
        "training",
        "explain",
        "views.insight",
        "views.pictures",
        "views.plotting",
        "views.report",
    },
    "matplotlib": {"views.pictures", "views.plotting"},
    "PIL": {"views.plotting"},
    "msgspec": {
        "explain",
        "backends.base",
        "backends.numpy",
        "checks",
        "config",
        "data",
        "engine",
        "export",
        "inference",
        "job",
        "runs",
        "search",
        "serving",
        "spec",
        "system",
        "training",
    },
    "starlette": {"serving"},
    "uvicorn": {"serving"},
    "onnxruntime": {"export"},
    "yaml": {"config"},
    "rich": {"views.terminal"},
    "typer": {"cli"},
}
"""Each library with the rooms that may use it. All else is Python's own."""

SHARED = {"backends", "views"}
"""Folders of rooms: a room is one level further down."""


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room_of(dotted: str) -> str:
    """The room of a module, given without the package's own name."""
    parts = dotted.split(".")
    return ".".join(parts[:2]) if parts[0] in SHARED and len(parts) > 1 else parts[0]


def dotted(path: Path) -> str:
    """The module in a file, without the package's own name; "" is the package itself."""
    name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
    return "" if name == "__init__" else name


def imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are written in full"
            in_shared = node.module in {f"mltrain.{folder}" for folder in SHARED}
            yield from (f"{node.module}.{name.name}" for name in node.names) if in_shared else [node.module or ""]


def test_there_are_rooms_to_look_at() -> None:
    found = {room_of(dotted(path)) for path in modules()} - {f"{folder}.__init__" for folder in SHARED}
    assert found == set(ROOMS)


def test_rooms_form_no_circle() -> None:
    graph = {room: {other for other in others if other and other in ROOMS} for room, others in ROOMS.items() if room}
    assert len(list(TopologicalSorter(graph).static_order())) == len(graph)


def test_docs_show_the_rooms_as_they_are() -> None:
    """The table of docs/architecture.md lists every room, with the rooms that it imports."""
    text = (PACKAGE.parent / "docs" / "architecture.md").read_text("utf-8")
    rows = re.findall(r"^\| `mltrain/([\w/.]+)` \|.*\| ([^|]*) \|$", text, re.M)
    shown = {re.sub(r"/$|\.py$", "", room).replace("/", "."): set(re.findall(r"[\w.]+", to)) for room, to in rows}
    expected = {room: {other or "mltrain" for other in others} for room, others in ROOMS.items() if room}
    assert shown == {room: others or {"none"} for room, others in expected.items()} | {
        "__init__": {other or "mltrain" for other in ROOMS[""]}
    }


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_run_one_way(path: Path) -> None:
    room = room_of(dotted(path))
    for name in imports_of(path):
        library, _, inside = name.partition(".")
        if library == "mltrain":
            allowed = {*ROOMS.get(room, ()), room}
            assert room_of(inside) in allowed or inside in allowed, f"{path.name} imports {name}"
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
