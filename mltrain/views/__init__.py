"""Everything that is shown: arrays to look at, and how terminal, files and pages draw them."""
