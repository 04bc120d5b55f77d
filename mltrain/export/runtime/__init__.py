"""Functions that compute the steps of a model. They are tested here, and copied into exported files of Python."""
