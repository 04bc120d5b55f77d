"""Runs commands with a stdout that fails, each in a fork of one process: hundreds of Pythons would take a minute.

    python stream_trials.py COMMAND...      each command as one argument, its words separated by spaces

Prints a JSON object: for each way to fail, of each command its exit code and what it wrote to stderr.
"""

import importlib
import json
import os
import pkgutil
import sys
import tempfile

import mltrain
from mltrain.cli import main


def break_stdout(how: str) -> None:
    if how == "pipe":
        reader, writer = os.pipe()
        os.close(reader)
        os.dup2(writer, 1)
    elif how == "full":
        os.dup2(os.open("/dev/full", os.O_WRONLY), 1)
    else:
        os.close(1)
        sys.stdout = None  # as Python begins where there is none


def result_of(how: str, words: list[str]) -> tuple[int, str]:
    with tempfile.TemporaryFile() as errors:
        child = os.fork()
        if child == 0:
            os.dup2(errors.fileno(), 2)
            break_stdout(how)
            sys.argv = ["mltrain", *words]
            try:
                main()
            except SystemExit as end:
                if sys.stdout:
                    sys.stdout.flush()  # as Python does at its end
                os._exit(end.code if isinstance(end.code, int) else 99)
            os._exit(98)
        _, status = os.waitpid(child, 0)
        errors.seek(0)
        return os.waitstatus_to_exitcode(status), errors.read().decode()


if __name__ == "__main__":
    for module in pkgutil.walk_packages(mltrain.__path__, "mltrain."):
        if "plotting" not in module.name and not module.name.endswith("__main__"):
            importlib.import_module(module.name)  # once, and not in each of the forks
    results = {how: [result_of(how, command.split()) for command in sys.argv[1:]] for how in ("pipe", "full", "closed")}
    print(json.dumps(results))
