"""``mltrain summary``: the layers of a config or a model."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mltrain.commands.data import kind_rows
from mltrain.config import Config
from mltrain.config.dump import to_plain
from mltrain.config.load import LocatedConfig, read_config
from mltrain.config.yaml_writer import on_one_line
from mltrain.data.base import ColumnLeftOut
from mltrain.data.datasets._table import TableDataset
from mltrain.data.tables.format import TableFormat
from mltrain.engine.arrays import size
from mltrain.engine.graph import Node, is_chain
from mltrain.errors import UsageError
from mltrain.inference.ensemble import Ensemble
from mltrain.inference.model import Model
from mltrain.job import memory_of
from mltrain.names.nearest import alike
from mltrain.runs.run import find_model, run_names
from mltrain.views.terminal.data_views import kind_table
from mltrain.views.terminal.tables import SummaryRow, SummaryTotals, origin_table, summary_table
from mltrain.views.terminal.terminal import Terminal
from mltrain.views.terminal.views import Stack, Table, View, verbatim

_LONGEST = 100
"""Characters of a dataset's description that are shown."""

_MOST_SEEDS = 10

_DIGITS = 16
"""Hexadecimal digits of a hash that are shown; --json has all of them."""


def run(terminal: Terminal, path: Path | None, changes: Sequence[str]) -> None:
    """Show Keras's table (layer, output shape, parameters, totals) and, for a model, its provenance."""
    if path is None or _is_model(path):
        if changes:
            raise UsageError("--set changes a config, but a model is what it is; give --set with a config")
        file = find_model(path)
        model = Model.load(file)
        if path is None:
            terminal.note(f"model {file}")
        table, document = _layers(model.config, model.network.nodes)
        views: list[View] = [table, *_columns(model.preprocessing.table), verbatim(""), origin_table(_origin(model))]
        terminal.result(Stack(views), {**document, "origin": _origin_document(model)})
        return
    source = read_config(path, changes)
    nodes = source.nodes
    table, document = _layers(source.config, nodes)
    terminal.result(Stack([table, *_kinds(source)]), document)


def _kinds(source: LocatedConfig) -> list[View]:
    """The kinds of the columns of a config's table."""
    if not isinstance(source.config.dataset, TableDataset):
        return []
    return _columns(source.data.dataset.preprocessing.table, source.data.dataset.left_out)


def _columns(table: TableFormat | None, left_out: Sequence[ColumnLeftOut] = ()) -> list[View]:
    return [verbatim(""), kind_table(kind_rows(table, left_out))] if table is not None else []


def _is_model(path: Path) -> bool:
    """Whether the name is that of a run or a model rather than a config."""
    if path.exists() or path.suffix in (".yaml", ".yml"):
        return path.is_dir() or path.suffix == ".npz"
    return path.suffix == ".npz" or (not path.with_suffix(".yaml").exists() and bool(alike(str(path), run_names())))


def _layers(config: Config, nodes: Sequence[Node]) -> tuple[Table, dict[str, Any]]:
    memory = memory_of(config, nodes)
    rows = [
        SummaryRow(
            node.name,
            node.layer.type_name(),
            node.output_shape,
            node.parameter_count,
            node.trainable_count,
            node.sources,
            node.is_frozen,
            node.layer.multiplications(node.input_shape),
            0 if node.layer.reshapes else 4 * size(node.output_shape),
        )
        for node in nodes
    ]
    total, trainable = sum(row.parameters for row in rows), sum(row.trainable for row in rows)
    document = {
        "layers": [
            {
                "name": row.name,
                "type": row.type,
                "output_shape": list(row.output_shape),
                "parameters": row.parameters,
                "trainable": row.trainable,
                "inputs": list(row.inputs),
                "multiplications": row.multiplications,
                "activation_bytes": row.activation_bytes,
            }
            for row in rows
        ],
        "parameters": total,
        "trainable": trainable,
        "memory": {"total": memory.total, **memory._asdict()},
    }
    totals = SummaryTotals(total, trainable, 4 * total, memory.total)
    return summary_table(rows, totals, connected=not is_chain(nodes)), document


def _origin(model: Model) -> dict[str, str]:
    """The provenance of a model, as lines of text."""
    config, origin = model.config, model.origin
    facts = {
        "config": f"{config.name}, seed {config.seed}",
        **_members(model),
        "dataset": _short(to_plain(config.dataset, defaults=False)),
    }
    if origin is None:
        return {**facts, "rows": "not known: the model is of an older mltrain"}
    rows = ", ".join(f"{name} {count:,}" for name, count in origin.rows.items())
    return {
        **facts,
        "rows": f"{rows}; SHA-256 {origin.data[:_DIGITS]}...",
        "trained by": f"mltrain {origin.environment.mltrain}, NumPy {origin.environment.numpy}",
    }


def _members(model: Model) -> dict[str, str]:
    """The networks of an ensemble; the table of layers is that of the first."""
    if not isinstance(model, Ensemble):
        return {}
    roles = model.roles
    if model.is_of_folds:
        repeats = max(role.repeat or 1 for role in roles)
        how = f"folds {len(roles) // repeats}" + (f", repeats {repeats}" if repeats > 1 else "")
    else:
        how = f"seeds {', '.join(str(role.seed) for role in roles[:_MOST_SEEDS])}"
        how += ", ..." if len(roles) > _MOST_SEEDS else ""
    return {"ensemble": f"{len(roles)} networks ({how}) with {model.parameter_count:,} parameters; above is the first"}


def _origin_document(model: Model) -> dict[str, Any]:
    config, origin = model.config, model.origin
    document = {"config": config.name, "seed": config.seed, "dataset": to_plain(config.dataset, defaults=False)}
    if isinstance(model, Ensemble):
        document["members"] = [role.document for role in model.roles]
    return document if origin is None else {**document, **origin.document}


def _short(plain: Any) -> str:
    """Plain data on one line, cut where inline rows would make it too long."""
    text = on_one_line(plain)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
