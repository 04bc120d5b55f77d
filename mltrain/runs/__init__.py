"""Run folders: the files of one training, written atomically and read back."""
