"""Compute backends: `base` has the interface, and each folder is one backend."""
