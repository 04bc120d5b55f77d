"""Activations, one a file; the contract is in `base`."""
