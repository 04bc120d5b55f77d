"""A trained model in a form that runs without mltrain: one file a format in `formats`.

What a format gets is a `Subject`: the model as plain data (`InferenceSteps`: encodings of columns, operations of the
network, and what the output says), rows with their expected answers for the self-test, ranges of the inputs, and the
rows held back where they can be read. What it gives is an `Exported`: its files, the command of its self-test, and what
is to be said about them. A format says in ``cannot`` which encodings and operations it cannot express, and why; all of
that is refused before it writes. `reference` computes the operations in NumPy, for tests.
"""
