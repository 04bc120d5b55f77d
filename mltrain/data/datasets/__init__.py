"""Where the rows come from. One file is one dataset."""
