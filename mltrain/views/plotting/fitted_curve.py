"""One input, one output: data, truth, and the network before and after training, side by side."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mltrain.views.insight.fitted_curve import Curve, Numbers
from mltrain.views.plotting.style import Style


def draw_curve(figure: Figure, style: Style, curve: Curve, after: str) -> None:
    """A panel for the trained network, titled ``after``; left of it, the untrained one, if it is known."""
    panels = [(curve.trained, after)]
    if curve.untrained is not None:
        panels.insert(0, (curve.untrained, "before training"))
    row = figure.subplots(1, len(panels), squeeze=False, sharex=True, sharey=True)[0]
    for axes, (answers, title) in zip(row, panels, strict=True):
        draw_answers(axes, style, curve, answers)
        axes.set_title(title)
        axes.set_xlabel("x")
    row[0].set_ylabel("y")
    handles, labels = row[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))


def draw_answers(axes: Axes, style: Style, curve: Curve, answers: Numbers) -> None:
    """Rows, truth, and one network's output for every x."""
    size = 36 if len(curve.rows[0]) <= 50 else 12
    axes.scatter(*curve.rows, s=size, color=style.mixed(style.faint, 0.55), linewidths=0, label="data")
    if curve.held_back is not None:
        axes.scatter(*curve.held_back, s=size, facecolors="none", edgecolors=style.faint, label="held back")
    if curve.truth is not None:
        axes.plot(curve.x, curve.truth, "--", color=style.orange, label="truth", zorder=4)
    axes.plot(curve.x, answers, color=style.blue, label="network", zorder=3)
