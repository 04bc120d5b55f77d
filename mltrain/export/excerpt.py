"""Copies definitions out of mltrain's own modules, with everything that they use, for files that run without mltrain.

So an exported file computes with the same functions as mltrain, and what they do is written once.
"""

import ast
from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

_OWN = "mltrain"


class _Module(NamedTuple):
    """The definitions of a module by name, as source text with the names that each uses; and its imports by name."""

    definitions: dict[str, tuple[str, tuple[str, ...]]]
    imports: dict[str, tuple[str, str | None]]


class Excerpt:
    """Definitions in an order in which each stands behind those that it uses, and the imports that they need.

    ``given`` are names that the file defines itself.
    """

    def __init__(self, given: Iterable[str] = ()):
        self.definitions: dict[str, str] = {}
        self._given = set(given)
        self._modules: dict[str, str] = {}
        self._imports: set[tuple[str, str | None]] = set()

    def add(self, module: str, *names: str) -> None:
        """Add some definitions of a module, and what they use."""
        found = _parsed(module)
        for name in names:
            if name in found.definitions:
                if name in self._modules:
                    assert self._modules[name] == module, f"{name} is defined in {module} and {self._modules[name]}"
                    continue
                self._modules[name] = module
                text, used = found.definitions[name]
                self.add(module, *(one for one in used if one not in self._given))
                self.definitions[name] = text
            elif name in found.imports:
                source, member = found.imports[name]
                if source.partition(".")[0] == _OWN and member is not None:
                    self.add(source, member)
                else:
                    self._imports.add((source, member) if member else (source, name if name != source else None))

    def need(self, module: str, member: str | None = None) -> None:
        """Add an import."""
        self._imports.add((module, member))

    @property
    def imports(self) -> list[str]:
        """The lines that import: Python's own modules, and, behind an empty line, others."""
        aliases = {"numpy": "np"}
        blocks: list[list[str]] = []
        for is_other in (False, True):
            chosen = [one for one in self._imports if (one[0].partition(".")[0] in aliases) == is_other]
            plain = sorted({module for module, member in chosen if member is None or module in aliases})
            lines = [f"import {name} as {aliases[name]}" if name in aliases else f"import {name}" for name in plain]
            members: dict[str, set[str]] = {}
            for module, member in chosen:
                if member is not None and module not in aliases:
                    members.setdefault(module, set()).add(member)
            lines += [f"from {module} import {', '.join(sorted(names))}" for module, names in sorted(members.items())]
            if lines:
                blocks.append(lines)
        return [line for number, block in enumerate(blocks) for line in ([""] * bool(number) + block)]


@cache
def _parsed(module: str) -> _Module:
    spec = find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    text = Path(spec.origin).read_text("utf-8")
    lines = text.splitlines()
    definitions: dict[str, tuple[str, tuple[str, ...]]] = {}
    imports: dict[str, tuple[str, str | None]] = {}
    body = ast.parse(text).body
    for number, node in enumerate(body):
        names: list[str] = []
        match node:
            case ast.Import():
                imports |= {alias.asname or alias.name: (alias.name, None) for alias in node.names}
            case ast.ImportFrom():
                imports |= {alias.asname or alias.name: (node.module or "", alias.name) for alias in node.names}
            case ast.FunctionDef() | ast.ClassDef():
                names = [node.name]
            case ast.Assign():
                names = [name.id for target in node.targets for name in ast.walk(target) if isinstance(name, ast.Name)]
            case ast.AnnAssign(target=ast.Name(id=name), value=value) if value is not None:
                names = [name]
        if names:
            first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))])
            last = node.end_lineno or node.lineno
            behind = body[number + 1] if number + 1 < len(body) else None
            if isinstance(node, ast.Assign) and isinstance(behind, ast.Expr) and isinstance(behind.value, ast.Constant):
                last = behind.end_lineno or last
            source = "\n".join(lines[first - 1 : last])
            definitions |= {name: (source, tuple(one for one in _used(node) if one != name)) for name in names}
    return _Module(definitions, imports)


def _used(node: ast.AST) -> Iterable[str]:
    """The names that a definition uses, without its own arguments and variables."""
    inside = list(ast.walk(node))
    own = {one.arg for one in inside if isinstance(one, ast.arg)}
    if isinstance(node, ast.FunctionDef):
        own |= {one.id for one in inside if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
    return dict.fromkeys(one.id for one in inside if isinstance(one, ast.Name) and one.id not in own)
