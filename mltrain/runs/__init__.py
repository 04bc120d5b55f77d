"""Run folders: what a training leaves behind, written whole or not at all, and read back."""
