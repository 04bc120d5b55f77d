"""Export formats, one a file; the contract is in `mltrain.export.base`."""
