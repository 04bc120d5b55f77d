"""What there is to see in a run, as plain arrays: `mltrain.plotting` draws it in files, `mltrain.display` in text."""
