"""Trainings that belong together: folds of a cross-validation, members of an ensemble, trials of a sweep."""
