"""What ``fit --live`` costs: processor time of a training with and without a page that somebody watches.

    python benchmarks/live.py [CONFIG] [EPOCHS]

Processor time, of all threads together, because the clock on the wall also sees what else the machine does. The start
of the program is left out: what no epochs take is subtracted. Runs alternate, and the best of each kind are compared:
what disturbs only ever adds.
"""

import http.client
import resource
import subprocess
import sys
import tempfile
import threading

RUNS = 5


def seconds(config: str, epochs: int, *, live: bool) -> float:
    """Processor time of one ``mltrain fit``; a live page is read to its end."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "mltrain", "fit", config, "--epochs", str(epochs), "--quiet"]
        command += ["--out", f"{folder}/run", *(["--live"] if live else [])]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        if live:
            line = next(line for line in process.stderr if "http://" in line)
            address = line.partition("http://")[2].strip().rstrip("/")
            threading.Thread(target=read, args=(address,), daemon=True).start()
        _, complaints = process.communicate()
        assert process.returncode == 0, complaints
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def read(address: str) -> None:
    """Read the page's events until they end."""
    connection = http.client.HTTPConnection(address)
    connection.request("GET", "/events")
    for _ in connection.getresponse():
        pass


def main() -> None:
    config = sys.argv[1] if len(sys.argv) > 1 else "configs/circle.yaml"
    epochs = int(sys.argv[2]) if len(sys.argv) > 2 else 5000
    kinds = [(count, live) for count in (0, epochs) for live in (False, True)]
    times = [[seconds(config, count, live=live) for count, live in kinds] for _ in range(RUNS)]
    start, live_start, end, live_end = map(min, zip(*times, strict=True))
    without, watched = end - start, live_end - live_start
    print(f"{config}, {epochs} epochs: {without:.2f} s, watched {watched:.2f} s: {watched / without - 1:+.1%}")


if __name__ == "__main__":
    main()
