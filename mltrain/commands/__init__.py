"""The commands: one module per command, each with a function ``run``."""
