"""Suggestions for unknown names: misspellings, parts of names, and the names of other tools."""
