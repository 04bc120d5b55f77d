"""A run -> the text of its page."""

from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path

from mltrain import __version__
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
from mltrain.views.palette import with_palettes
from mltrain.views.pictures.gallery import Gallery
from mltrain.views.plotting.style import DARK, Drawable
from mltrain.views.report.inline_svg import inline_svg
from mltrain.views.terminal.number_format import duration, number, plural

_MOST_COLUMNS, _MOST_NAMES = 60, 12
"""The largest numbers of listed columns, and of listed names of one column."""

_END = "END_OF_CONFIG"
"""The delimiter of the here-document with the config in the commands."""

Rows = Sequence[tuple[str, ...]]


def page_of(record: SavedRun, gallery: Gallery) -> str:
    """The whole document. It has no dates and no paths, so the same run gives the same bytes on one machine."""
    sections = [
        ("results", "Results", _results(record)),
        ("pictures", "Pictures", _pictures(gallery)),
        ("data", "Data", _data(record)),
        ("model", "Model", _model(record)),
        ("config", "Config", _pre(_config(record))),
        ("again", "Do it again", _pre("\n".join(_commands(record)))),
        ("environment", "Environment", _environment(record)),
    ]
    links = "".join(f'<li><a href="#{name}">{title}</a></li>' for name, title, _ in sections)
    body = "\n".join(
        f'<section id="{name}">\n<h2>{title}</h2>\n{content}\n</section>' for name, title, content in sections
    )
    name = escape(record.name)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="mltrain {__version__}">
<link rel="icon" href="data:,">
<title>{name}: a training run</title>
<style>
{_style_sheet()}</style>
</head>
<body>
<header>
<h1>{name}</h1>
<p class="faint">{escape(_in_one_sentence(record))}</p>
<nav aria-label="Contents"><ul>{links}</ul></nav>
</header>
<main>
{body}
</main>
</body>
</html>
"""


def _style_sheet() -> str:
    return with_palettes(files("mltrain.views.report").joinpath("style.css").read_text("utf-8"))


def _in_one_sentence(record: SavedRun) -> str:
    config = record.model.config
    seconds = sum(record.history.get("seconds", ()))
    trained = f"trained {plural(record.epochs, 'epoch')}" + (f" in {duration(seconds)}" if record.epochs else "")
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
    return f"<h3>{title}</h3>\n" + _table(shown, rows)


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
    try:
        split, rows = split_to_evaluate(record.data)
    except DataError:
        pass
    else:
        if not (isinstance(record.model, Ensemble) and record.model.is_of_folds and split != "test"):
            found = record.model.evaluate(rows)
            columns[f"saved model, {SPLITS[split]}"] = {"loss": found.loss, **found.metrics}
    columns = {title: values for title, values in columns.items() if values}
    if not columns:
        return "" if record.members else "<p>Nothing was measured.</p>"
    table = [(name, *(number(one[name]) if name in one else "" for one in columns.values())) for name in measured]
    tracked = [(name, last[name]) for name in last if name.removeprefix(VALIDATION_PREFIX) not in measured]
    more = _table(("parameter", "value"), [(name, number(value)) for name, value in tracked]) if tracked else ""
    return _table(("", *columns), table) + more


def _pictures(gallery: Gallery) -> str:
    figures = "\n".join(map(_figure, gallery.pictures))
    lacks = "".join(f"<li>{escape(lack)}</li>" for lack in gallery.lacks)
    return figures + (
        f'\n<p class="faint">What could not be drawn:</p>\n<ul class="faint">{lacks}</ul>' if lacks else ""
    )


def _figure(picture: Drawable) -> str:
    caption, title, drawing = escape(picture.caption), escape(picture.title), inline_svg(picture)
    drawings = {"scroll": drawing}
    if "<image" in drawing:  # bitmaps cannot follow the dark colours of the page by CSS: a dark version is drawn
        drawings = {"scroll on-light": drawing, "scroll on-dark": inline_svg(picture, DARK)}
    boxes = "\n".join(
        f'<div class="{ground}" tabindex="0" role="group" aria-label="{title}">{one}</div>'
        for ground, one in drawings.items()
    )
    return f'<figure id="{picture.name}">\n<h3>{title}</h3>\n<figcaption>{caption}</figcaption>\n{boxes}\n</figure>'


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
    return _table((), rows) + _columns(record)


def _columns(record: SavedRun) -> str:
    """The columns of a table dataset: the contents of each, and its encoding."""
    model, table = record.model, record.model.preprocessing.table
    if table is None:
        return ""
    try:
        features = {feature.name: feature for feature in describe_features(record.data)}
    except DataError:
        features = {}
    shown = [
        (column.name, "input", kind_of(column), _held(features.get(column.name)), str(len(column.features)))
        for column in table.columns
    ]
    for name in table.targets:
        held = f"the {len(model.classes)} classes" if model.classes else _held(features.get(name))
        shown.append((name, "target", "category" if model.classes else "number", held, ""))
    more = f'<p class="faint">and {plural(len(shown) - _MOST_COLUMNS, "more column")}</p>'
    return (
        "<h3>Columns</h3>\n"
        + _table(("column", "is", "kind", "in the training rows", "inputs"), shown[:_MOST_COLUMNS])
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
    return _table(headers, [*rows, ("total", "", "", *totals)]) + settings


def _config(record: SavedRun) -> str:
    """The run's config with all defaults, and without paths of this machine."""
    return to_yaml(record.model.config)


def _commands(record: SavedRun) -> list[str]:
    """The commands that reproduce the model and the pictures."""
    kept = len(record.frames.epochs) if record.frames else 1
    run = f"runs/{record.model.config.name}"
    frames = f" --frames {kept}" if kept > 1 else ""
    return [
        f"cat > config.yaml <<'{_END}'",
        *_config(record).splitlines(),
        _END,
        *_about_files(record),
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


def _about_files(record: SavedRun) -> list[str]:
    """The prerequisites of the commands: the files that the config names, without their folders."""
    dataset = record.model.config.dataset
    moved = dataset.with_absolute_paths(Path("/"))
    names = [
        str(value) for field in dataset.__struct_fields__
        if (value := getattr(dataset, field)) != getattr(moved, field)
    ]  # fmt: skip
    if not names:
        return []
    return [
        f"# put {' and '.join(names)} beside config.yaml: the data that the model learned from;",
        "# or use the config.yaml in the folder of the run, which knows where the data was",
        *(["# (files of one name: rename one of them, in config.yaml, too)"] if len(set(names)) < len(names) else []),
    ]


def _environment(record: SavedRun) -> str:
    """The versions with which the run was trained; this page may be written with others."""
    origin, seed = record.model.origin, ("seed", str(record.model.config.seed))
    if origin is None:
        return "<p>The model does not say what it was trained with.</p>\n" + _table((), [seed])
    environment = origin.environment
    rows = [
        ("mltrain", environment.mltrain),
        ("Python", environment.python),
        ("NumPy", environment.numpy),
        ("system", f"{environment.system}, {plural(environment.cores, 'core')}"),
        seed,
    ]
    return '<p class="faint">What it was trained with.</p>\n' + _table((), rows)


def _table(headers: Sequence[str], rows: Rows) -> str:
    head = _row("th", headers, "col") if headers else ""
    body = "".join(_row("td", row, "row") for row in rows)
    return f'<div class="scroll" tabindex="0"><table>{head}{body}</table></div>'


def _row(tag: str, cells: Iterable[str], scope: str) -> str:
    first, *others = map(escape, cells)
    texts = "".join(f"<{tag}>{cell}</{tag}>" for cell in others)
    return f'<tr><th scope="{scope}">{first}</th>{texts}</tr>'


def _pre(text: str) -> str:
    return f'<pre tabindex="0">{escape(text.rstrip())}</pre>'
