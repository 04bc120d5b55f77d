"""What the operating system gives: files, locks, streams, signals, memory and cores."""
