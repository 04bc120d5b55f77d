from mltrain.engine.metrics._per_class import PerClass


class Recall(PerClass):
    """Of the rows that are of a class, the share predicted to be: of class 1, or the mean over several classes.

    A class that is predicted but never true counts as 0; one that does not occur at all is left out, as in
    scikit-learn.
    """
