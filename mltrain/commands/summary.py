"""``mltrain summary``: the layers of a config or a model."""

from collections.abc import Sequence
from pathlib import Path

from mltrain.config import Config
from mltrain.config.load import read_config
from mltrain.display.tables import SummaryRow, SummaryTotals, summary_table
from mltrain.display.terminal import Terminal
from mltrain.engine.network import Node, infer
from mltrain.errors import UsageError
from mltrain.preparation import memory_of
from mltrain.storage.model import Model
from mltrain.storage.runs import find_model


def run(terminal: Terminal, path: Path, changes: Sequence[str]) -> None:
    """Show Keras's table: layer, output shape, parameters, totals."""
    config, nodes = _network(path, changes)
    rows = [SummaryRow(node.name, node.layer.type_name(), node.output_shape, node.parameter_count) for node in nodes]
    memory = memory_of(config, nodes)
    total = sum(row.parameters for row in rows)
    document = {
        "layers": [
            {"name": row.name, "type": row.type, "output_shape": list(row.output_shape), "parameters": row.parameters}
            for row in rows
        ],
        "parameters": total,
        "memory": {"total": memory.total, **memory._asdict()},
    }
    terminal.result(summary_table(rows, SummaryTotals(total, total, 4 * total, memory.total)), document)


def _network(path: Path, changes: Sequence[str]) -> tuple[Config, Sequence[Node]]:
    if path.suffix == ".npz" or path.is_dir():
        if changes:
            raise UsageError("--set changes a config, but a model is what it is; give --set with a config")
        model = Model.load(find_model(path))
        return model.config, model.network.nodes
    source = read_config(path, changes)
    return source.config, infer(source.config.layers, source.config.dataset.facts(source.folder).input_shape)
