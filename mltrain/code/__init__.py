"""A config as a script for Keras, PyTorch or NumPy alone; see `mltrain.code.script`."""
