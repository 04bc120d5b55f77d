from mltrain.engine.metrics._per_class import PerClass


class Precision(PerClass):
    """Of the rows predicted to be of a class, the share that are: of class 1, or the mean over several classes.

    A class that is never predicted counts as 0; one that does not occur at all is left out, as in scikit-learn.
    """
