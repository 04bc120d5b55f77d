"""``mltrain``, and ``python -m mltrain``: the command line as a process that begins and ends quickly."""

import atexit
import contextlib
import gc
import os
import sys


def main() -> None:
    """Run the command, and end.

    Python looks through all objects for garbage again and again while modules are imported, and takes every one of them
    apart at the end, although the system takes back the memory anyway. Neither is worth the wait of a command that is
    over at once; ``python -m benchmarks --only help-command predict-command`` says how long those take.
    """
    gc.set_threshold(100_000)
    from mltrain.cli import main as run

    try:
        run()
    except SystemExit as end:
        atexit._run_exitfuncs()  # the public way to have them run is to let Python end by itself
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(AttributeError, OSError, ValueError):  # there may be none, or nobody to read it
                stream.flush()
        os._exit(end.code if isinstance(end.code, int) else 0)


if __name__ == "__main__":
    main()
