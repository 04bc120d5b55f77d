from mltrain.engine.metrics._per_class import PerClass
from mltrain.engine.metrics.base import Statistics


class F1(PerClass):
    """``2 / (1 / precision + 1 / recall)``: high only where both are; of class 1, or the mean over several classes.

    A class of which no prediction is right counts as 0; one that does not occur at all is left out, as in scikit-learn.
    """

    def ratio(self, right: Statistics, predicted: Statistics, true: Statistics) -> tuple[Statistics, Statistics]:
        return 2 * right, predicted + true
