"""What computes: `base` says what a backend does for a job, and each folder here is one."""
