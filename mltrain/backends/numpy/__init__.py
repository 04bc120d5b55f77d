"""The reference backend: NumPy, one process or several."""
