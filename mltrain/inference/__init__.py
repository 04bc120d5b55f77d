"""A trained model: its file, and predictions from rows, tables and images."""
