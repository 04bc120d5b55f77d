from mltrain.engine.metrics._per_class import PerClass


class F1(PerClass):
    """``2 / (1 / precision + 1 / recall)``: high only where both are; of class 1, or the mean over several classes.

    A class of which no prediction is right counts as 0; one that does not occur at all is left out, as in scikit-learn.
    """
