"""What there is to see in a run, as plain arrays: `mltrain.views.plotting` draws it in files, `mltrain.views.terminal` in text."""
