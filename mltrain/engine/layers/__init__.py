"""Layers that are no activations, one a file; the contract is in `base`."""
