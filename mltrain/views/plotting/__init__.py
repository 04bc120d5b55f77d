"""Pictures as files, drawn by Matplotlib. One file is one kind of picture; each takes what `mltrain.views.insight` found.

Nothing outside of this package imports Matplotlib, and nothing here opens a window: figures are made without pyplot.
"""
