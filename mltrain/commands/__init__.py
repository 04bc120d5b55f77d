"""What each command does: one file a command, each with a ``run`` that reads as the command's one sentence."""
