"""The training loop: `train` is a generator of reports, independent of terminal and disk."""
