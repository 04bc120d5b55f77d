"""Files as a stranger could have made them: valid ones, changed at random, are loaded or refused, and nothing else.

    python -m campaigns.fuzzing                                    # what can be attacked
    python -m campaigns.fuzzing model --mutations 1000000          # a million changed model files
    python -m campaigns.fuzzing model --only 4711 --keep DIR       # one of them again, to look at

Every target (one file in ``targets/``) makes a few valid files, knows how to change them, and reads them as the
commands do. The number of a mutation and the seed say all about it, so that any find can be made again. A find is
whatever is neither a result nor an `MltrainError` of one line: another exception, a warning, a read that takes longer
than the deadline (seconds of the processor, so that a busy machine finds nothing), or more memory than allowed.
"""
