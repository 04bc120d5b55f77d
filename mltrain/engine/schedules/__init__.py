"""Learning rate schedules, one a file; the contract is in `base`."""
