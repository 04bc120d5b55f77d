"""What trains and evaluates networks: `base` says what a backend does, and each folder here is one."""
