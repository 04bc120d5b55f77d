"""Terminal output: messages, tables, live progress, curves.

    plain data ──> View (lines of styled text for a width) ──> Terminal ──> stdout: results; stderr: all else

All output is a `View`, made by a pure function. Only `mltrain.views.terminal.terminal` uses the streams.
"""
