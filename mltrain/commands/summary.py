"""``mltrain summary``: the layers of a config or a model."""

from collections.abc import Sequence
from pathlib import Path

from mltrain.config.load import read_config
from mltrain.display.tables import SummaryRow, SummaryTotals, summary_table
from mltrain.display.terminal import Terminal
from mltrain.engine.network import Node, infer
from mltrain.errors import UsageError
from mltrain.storage.model import Model
from mltrain.storage.runs import find_model


def run(terminal: Terminal, path: Path, changes: Sequence[str]) -> None:
    """Show Keras's table: layer, output shape, parameters, totals."""
    rows = [
        SummaryRow(node.name, node.layer.type_name(), node.output_shape, node.parameter_count, node.trainable_count)
        for node in _nodes(path, changes)
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
            }
            for row in rows
        ],
        "parameters": total,
        "trainable": trainable,
    }
    terminal.result(summary_table(rows, SummaryTotals(total, trainable, 4 * total)), document)


def _nodes(path: Path, changes: Sequence[str]) -> Sequence[Node]:
    if path.suffix == ".npz" or path.is_dir():
        if changes:
            raise UsageError("--set changes a config, but a model is what it is; give --set with a config")
        return Model.load(find_model(path)).network.nodes
    source = read_config(path, changes)
    return infer(source.config.layers, source.config.dataset.facts(source.folder).input_shape)
