"""Optimizers, one a file; the contract is in `base`."""
