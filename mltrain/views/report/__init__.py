"""The report of a run: one HTML page without scripts, network access or other files."""
