"""Rows to learn from: dataset descriptions, one file each in ``datasets/``, and the arrays that they yield."""
