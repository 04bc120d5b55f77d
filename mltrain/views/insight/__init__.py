"""A run as plain arrays: `mltrain.views.plotting` draws them in files, `mltrain.views.terminal` in text."""
