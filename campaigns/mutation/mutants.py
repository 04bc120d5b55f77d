"""Mutants: one small change each to one expression or statement of a source file."""

import ast
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SWAPPED_OPERATORS: dict[type[ast.AST], type[Any]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.And: ast.Or,
    ast.Or: ast.And,
}

_SWAPPED_NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}


@dataclass(frozen=True)
class Mutant:
    """A file with one changed part: ``old``, which begins at ``line`` and ``column`` (from 1), becomes ``new``.

    ``text`` is the whole file after the change.
    """

    path: Path
    line: int
    column: int
    old: str
    new: str
    text: str

    @property
    def key(self) -> str:
        """What identifies the change while lines above it move: file, old part, new part."""
        return f"{self.path}: {_on_one_line(self.old)} -> {_on_one_line(self.new)}"

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}  {_on_one_line(self.old)} -> {_on_one_line(self.new)}"


def draw(files: Sequence[Path], count: int, seed: int, root: Path) -> list[Mutant]:
    """``count`` different mutants of the files, which are relative to ``root``; each mutant is equally likely."""
    sites = [mutant for path in sorted(files) for mutant in mutants_of(path, (root / path).read_text("utf-8"))]
    return random.Random(seed).sample(sites, min(count, len(sites)))


def mutants_of(path: Path, source: str) -> Iterator[Mutant]:
    """All mutants of one file, in the order of its syntax tree. Annotations and docstrings are left alone."""
    lines = source.encode().splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    whole = b"".join(lines)
    for node, changed in _changes(ast.parse(source)):
        begin = starts[node.lineno - 1] + node.col_offset
        end = starts[node.end_lineno - 1] + node.end_col_offset  # type: ignore[operator]
        old, new = whole[begin:end].decode(), _written(node, changed)
        if old != new:
            text = (whole[:begin] + new.encode() + whole[end:]).decode()
            yield Mutant(path, node.lineno, node.col_offset + 1, old, new, text)


def _written(node: ast.expr | ast.stmt, changed: ast.AST) -> str:
    text = ast.unparse(changed)
    return f"({text})" if isinstance(node, ast.expr) and not isinstance(changed, ast.Constant | ast.Name) else text


def _changes(tree: ast.Module) -> Iterator[tuple[ast.expr | ast.stmt, ast.AST]]:
    for node in _walk(tree):
        match node:
            case ast.Compare(ops=[operator]) if type(operator) in _SWAPPED_OPERATORS:
                yield node, ast.Compare(node.left, [_SWAPPED_OPERATORS[type(operator)]()], node.comparators)
            case ast.BinOp(op=operator) if type(operator) in _SWAPPED_OPERATORS and not _is_text(node):
                yield node, ast.BinOp(node.left, _SWAPPED_OPERATORS[type(operator)](), node.right)
            case ast.BoolOp(op=operator):
                yield node, ast.BoolOp(_SWAPPED_OPERATORS[type(operator)](), node.values)
            case ast.UnaryOp(op=ast.Not() | ast.USub()):
                yield node, node.operand
            case ast.IfExp():
                yield node, ast.IfExp(node.test, node.orelse, node.body)
            case ast.Constant(value=bool(value)):
                yield node, ast.Constant(not value)
            case ast.Constant(value=int(value) | float(value)):
                yield node, ast.Constant(value + 1)
            case ast.Call(func=ast.Name(id=name)) if name in _SWAPPED_NAMES:
                yield node, ast.Call(ast.Name(_SWAPPED_NAMES[name]), node.args, node.keywords)
            case ast.Raise() | ast.Expr(value=ast.Call()) | ast.AugAssign():
                yield node, ast.Pass()
            case ast.Continue():
                yield node, ast.Break()
            case ast.Return(value=ast.expr()) if not isinstance(node.value, ast.Constant):
                yield node, ast.Return(ast.Constant(None))


def _walk(node: ast.AST) -> Iterator[ast.expr | ast.stmt]:
    """Expressions and statements that are run; annotations, which are not, stay out."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "type_params"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or isinstance(child, ast.JoinedStr):
                continue
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                continue
            if isinstance(child, ast.AnnAssign) and ast.unparse(child.target) == "examples":
                continue  # the tests run these configurations; another one is as good
            if isinstance(child, ast.expr | ast.stmt):
                yield child
            if not (isinstance(child, ast.UnaryOp) and isinstance(child.operand, ast.Constant)):
                yield from _walk(child)  # a negative number is one constant


def _is_text(node: ast.BinOp) -> bool:
    """Whether a ``+`` plainly joins texts: without it the file would only fail to run."""
    sides = (node.left, node.right)
    return any(isinstance(side, ast.JoinedStr) or isinstance(getattr(side, "value", None), str) for side in sides)


def _on_one_line(text: str) -> str:
    return " ".join(text.split())
