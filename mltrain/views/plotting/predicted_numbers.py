"""Pictures of a regression model: predicted against true numbers, and residuals."""

import numpy as np
from matplotlib.figure import Figure

from mltrain.views.insight.answers import NumberAnswers
from mltrain.views.plotting.style import Style

_MANY = 500


def draw_numbers(figure: Figure, style: Style, answers: NumberAnswers) -> None:
    """Left, predicted against true with the diagonal that is ideal; right, the residuals."""
    left, right = figure.subplots(1, 2)
    size, share = (9, 0.5) if len(answers.true) > _MANY else (24, 0.85)
    many = {
        "s": size,
        "color": style.mixed(style.blue, share),
        "linewidths": 0,
        "rasterized": len(answers.true) > _MANY,
    }
    both = np.concatenate([answers.true, answers.predicted])
    ends = [float(both.min()), float(both.max())]
    left.plot(ends, ends, "--", color=style.faint, linewidth=1.4, label="ideal")
    left.scatter(answers.true, answers.predicted, **many)
    left.set(xlabel="true y", ylabel="predicted y", title="predicted against true")
    left.legend(loc="upper left")
    residuals = answers.predicted - answers.true
    right.axhline(0, color=style.faint, linestyle="--", linewidth=1.4)
    right.scatter(answers.predicted, residuals, **many)
    right.set(xlabel="predicted y", ylabel="predicted minus true", title="residuals")
