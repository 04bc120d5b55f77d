"""Errors and warnings about a training before it runs, and the memory that it takes."""
