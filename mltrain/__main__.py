"""``mltrain``, and ``python -m mltrain``: the command line as a process that begins and ends quickly."""

import atexit
import contextlib
import gc
import os
import sys


def main() -> None:
    """Run the command, and end.

    The garbage collector runs often while modules are imported, and Python frees every object at exit, although the
    system reclaims the memory anyway. Short commands skip both; ``python -m benchmarks --only help-command
    predict-command`` measures them.
    """
    gc.set_threshold(100_000)
    from mltrain.cli import main as run

    try:
        run()
    except SystemExit as end:
        atexit._run_exitfuncs()  # the public way to have them run is to let Python end by itself
        for stream in (sys.stdout, sys.stderr):
            # A stream may be missing, or its pipe closed.
            with contextlib.suppress(AttributeError, OSError, ValueError):
                stream.flush()
        os._exit(end.code if isinstance(end.code, int) else 0)


if __name__ == "__main__":
    main()
