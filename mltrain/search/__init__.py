"""Trainings of one config that belong together: the folds of a cross-validation, and members of an ensemble."""
