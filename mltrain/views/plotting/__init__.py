"""Pictures as files, drawn by Matplotlib. A module is a kind of picture; it takes arrays from `mltrain.views.insight`.

Nothing outside of this package imports Matplotlib, and nothing here opens a window: figures are made without pyplot.
"""
