"""A run -> the text of its page."""

from html import escape

from mltrain.config.dump import to_yaml
from mltrain.data.base import Split
from mltrain.data.columns import kind_of
from mltrain.data.inspection import FeatureFacts, describe_features
from mltrain.engine.layers.base import shape_text
from mltrain.engine.metrics.base import VALIDATION_PREFIX, on_validation
from mltrain.errors import DataError
from mltrain.inference.ensemble import Ensemble
from mltrain.inference.means import means_of
from mltrain.job import split_to_evaluate
from mltrain.runs.saved_run import SavedRun
from mltrain.views.insight.rows import SPLITS
from mltrain.views.pictures.gallery import Gallery
from mltrain.views.report.again import config_as_commands
from mltrain.views.report.html import document, pictures, pre, table
from mltrain.views.terminal.number_format import duration, number, plural

_MOST_COLUMNS, _MOST_NAMES = 60, 12
"""The largest numbers of listed columns, and of listed names of one column."""


def page_of(record: SavedRun, gallery: Gallery) -> str:
    """The whole document. It has no dates and no paths, so the same run gives the same bytes on one machine."""
    sections = [
        ("results", "Results", _results(record)),
        ("pictures", "Pictures", pictures(gallery)),
        ("data", "Data", _data(record)),
        ("model", "Model", _model(record)),
        ("config", "Config", pre(_config(record))),
        ("again", "Do it again", pre("\n".join(_commands(record)))),
        ("environment", "Environment", _environment(record)),
    ]
    return document(record.name, "a training run", _in_one_sentence(record), sections)


def _in_one_sentence(record: SavedRun) -> str:
    config = record.model.config
    seconds = sum(record.history.get("seconds", ()))
    trained = f"trained {plural(record.epochs, 'epoch')}" + (f" in {duration(seconds)}" if record.epochs else "")
    if record.model.refit is not None:
        trained += f", and again for {plural(record.model.refit.epochs, 'epoch')}"
    parameters = plural(record.model.parameter_count, "parameter")
    if isinstance(record.model, Ensemble):
        parameters = f"{_networks(record.model)} with {parameters}"
        trained = f"trained in {duration(sum(record.members.get('seconds', ())))}"
    return f"{parameters}, {trained} on {config.dataset.type_name()} with {config.optimizer.type_name()}."


def _networks(model: Ensemble) -> str:
    """What an ensemble is of: ``5 networks, one a fold``, or ``3 networks of different seeds``."""
    how = ", one a fold," if model.is_of_folds else " of different seeds"
    return f"{len(model.members)} networks{how}"


def _results(record: SavedRun) -> str:
    return _own_results(record) + _members(record)


def _members(record: SavedRun) -> str:
    """A line for each network of an ensemble, and their means with standard errors."""
    model, columns = record.model, record.members
    if not isinstance(model, Ensemble) or not columns:
        return ""
    shown = [name for name in columns if name not in ("member", "seconds")]
    measured = [name for name in shown if name not in ("repeat", "fold", "seed", "epochs")]
    rows = [
        tuple(number(value) if name in measured else f"{value:.0f}" for name, value in zip(shown, values, strict=True))
        for values in zip(*(columns[name] for name in shown), strict=True)
    ]
    labels = len(shown) - len(measured)
    members = [
        dict(zip(measured, values, strict=True)) for values in zip(*(columns[name] for name in measured), strict=True)
    ]
    means = means_of(members, model.independent)
    rows.append(("mean", *[""] * (labels - 1), *(number(means[name].value) for name in measured)))
    rows.append(("standard error", *[""] * (labels - 1), *(number(means[name].error or 0, 2) for name in measured)))
    title = "Folds" if model.is_of_folds else "Members"
    return f"<h3>{title}</h3>\n" + table(shown, rows)


def _own_results(record: SavedRun) -> str:
    history = record.history
    last = {name: values[-1] for name, values in history.items() if values and name not in ("epoch", "seconds")}
    measured = {"loss": "loss"} | {metric.type_name(): metric.type_name() for metric in record.model.config.metrics}
    columns: dict[str, dict[str, float]] = {}
    if last:
        columns["training, last epoch"] = {name: last[name] for name in measured if name in last}
        columns["validation, last epoch"] = {
            name: last[held] for name in measured if (held := on_validation(name)) in last
        }
    if record.model.refit is not None:
        columns["first training, best epoch, on rows held out"] = record.model.refit.held_out
    try:
        split, rows = split_to_evaluate(record.data)
    except DataError:
        pass
    else:
        if not (record.model.is_cross_validated and split != "test"):
            found = record.model.evaluate(rows)
            columns[f"saved model, {SPLITS[split]}"] = {"loss": found.loss, **found.metrics}
    columns = {title: values for title, values in columns.items() if values}
    if not columns:
        return "" if record.members else "<p>Nothing was measured.</p>"
    lines = [(name, *(number(one[name]) if name in one else "" for one in columns.values())) for name in measured]
    tracked = [(name, last[name]) for name in last if name.removeprefix(VALIDATION_PREFIX) not in measured]
    more = table(("parameter", "value"), [(name, number(value)) for name, value in tracked]) if tracked else ""
    return table(("", *columns), lines) + more


def _data(record: SavedRun) -> str:
    row_spec, scaling = record.model.row_spec, record.model.preprocessing.inputs
    rows = [("dataset", record.dataset.type_name()), ("a row", shape_text(row_spec.input_shape))]
    if isinstance(scaling.scale, tuple):
        rows.append(("scaled", "each column, by what the training rows say"))
    elif not scaling.is_identity:
        rows.append(("scaled by", number(scaling.scale)))
    if row_spec.classes is not None:
        rows.append((plural(len(row_spec.classes), "class").replace("classs", "classes"), ", ".join(row_spec.classes)))
    else:
        rows.append(("targets a row", str(row_spec.outputs)))
    try:
        data = record.data
    except DataError as error:
        rows.append(("rows", f"could not be had: {str(error).splitlines()[0]}"))
    else:
        parts = {"training": data.train, "validation": data.validation, "test": data.test}
        rows += [(f"{name} rows", _size(part)) for name, part in parts.items() if part is not None]
    return table((), rows) + _columns(record)


def _columns(record: SavedRun) -> str:
    """The columns of a table dataset: the contents of each, and its encoding."""
    model, learned = record.model, record.model.preprocessing.table
    if learned is None:
        return ""
    try:
        features = {feature.name: feature for feature in describe_features(record.data)}
    except DataError:
        features = {}
    shown = [
        (column.name, "input", kind_of(column), _held(features.get(column.name)), str(len(column.features)))
        for column in learned.columns
    ]
    for name in learned.targets:
        held = f"the {len(model.classes)} classes" if model.classes else _held(features.get(name))
        shown.append((name, "target", "category" if model.classes else "number", held, ""))
    more = f'<p class="faint">and {plural(len(shown) - _MOST_COLUMNS, "more column")}</p>'
    return (
        "<h3>Columns</h3>\n"
        + table(("column", "is", "kind", "in the training rows", "inputs"), shown[:_MOST_COLUMNS])
        + (more if len(shown) > _MOST_COLUMNS else "")
    )


def _held(feature: FeatureFacts | None) -> str:
    """The contents of a column."""
    if feature is None:
        return ""
    missing = f"; {feature.missing:,} missing" if feature.missing else ""
    if feature.kind != "number":
        names = [f"{name} ({count:,})" for name, count in feature.common[:_MOST_NAMES]]
        return ", ".join(names) + (", ..." if len(feature.common) > _MOST_NAMES else "") + missing
    low, mean, high = (number(value, 3) for value in (feature.low, feature.mean, feature.high))
    return f"{low} to {high}, {mean} on average{missing}"


def _size(part: Split) -> str:
    return f"{len(part.x):,}, inputs from {number(float(part.x.min()), 3)} to {number(float(part.x.max()), 3)}"


def _model(record: SavedRun) -> str:
    config, nodes = record.model.config, record.model.network.nodes
    costs = [(node.parameter_count, node.layer.multiplications(node.input_shape)) for node in nodes]
    rows = [
        (node.name, node.layer.type_name(), shape_text(node.output_shape), *(f"{count:,}" for count in cost))
        for node, cost in zip(nodes, costs, strict=True)
    ]
    totals = [f"{sum(counts):,}" for counts in zip(*costs, strict=True)]
    if isinstance(record.model, Ensemble):
        rows.append((_networks(record.model).rstrip(","), "", "", f"{record.model.parameter_count:,}", ""))
    settings = f"<p>Loss: {escape(config.loss.type_name())}. Optimizer: {escape(config.optimizer.type_name())}.</p>"
    headers = ("layer", "type", "output shape", "parameters", "multiplications a row")
    return table(headers, [*rows, ("total", "", "", *totals)]) + settings


def _config(record: SavedRun) -> str:
    """The run's config with all defaults, and without paths of this machine."""
    return to_yaml(record.model.config)


def _commands(record: SavedRun) -> list[str]:
    """The commands that reproduce the model and the pictures."""
    kept = len(record.frames.epochs) if record.frames else 1
    run = f"runs/{record.model.config.name}"
    frames = f" --frames {kept}" if kept > 1 else ""
    return [
        *config_as_commands(record.model.config),
        f"mltrain fit config.yaml{_how_many(record)}{frames} --out {run}",
        f"mltrain evaluate --model {run}",
        f"mltrain plot {run}",
        f"mltrain report {run}",
    ]


def _how_many(record: SavedRun) -> str:
    """The options of `fit` that train the networks of an ensemble."""
    if not isinstance(record.model, Ensemble):
        return ""
    roles = record.model.roles
    if not record.model.is_of_folds:
        return f" --members {len(roles)}"
    repeats = max(role.repeat or 1 for role in roles)
    return f" --folds {len(roles) // repeats}" + (f" --repeats {repeats}" if repeats > 1 else "")


def _environment(record: SavedRun) -> str:
    """The versions with which the run was trained; this page may be written with others."""
    origin, seed = record.model.origin, ("seed", str(record.model.config.seed))
    if origin is None:
        return "<p>The model does not say what it was trained with.</p>\n" + table((), [seed])
    environment = origin.environment
    rows = [
        ("mltrain", environment.mltrain),
        ("Python", environment.python),
        ("NumPy", environment.numpy),
        ("system", f"{environment.system}, {plural(environment.cores, 'core')}"),
        seed,
    ]
    return '<p class="faint">What it was trained with.</p>\n' + table((), rows)
