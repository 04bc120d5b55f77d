"""Why a model predicts what it predicts: which parts of an input its answer depends on, as arrays.

Nothing here draws: pictures, pages and commands show what these functions return.
"""
