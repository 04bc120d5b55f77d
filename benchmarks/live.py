"""What ``fit --live`` costs: processor time of a training with and without a page that somebody watches.

    python benchmarks/live.py [CONFIG] [EPOCHS] [ROUNDS]

Processor time, of the training, the server and the reader together, because the clock on the wall also sees what else
the machine does. Runs alternate, and the best of each kind are compared: what disturbs only ever adds.
"""

import http.client
import sys
import threading
import time
from pathlib import Path

from mltrain.config.load import load_config
from mltrain.job import prepare
from mltrain.views.live.page import LivePage


def seconds(config: Path, epochs: int, *, live: bool) -> float:
    """Processor time of one training; a live page is read to its end."""
    job = prepare(load_config(config, [f"training.epochs={epochs}"]), config.parent)
    began = time.process_time()
    if live:
        page = LivePage(job)
        reader = threading.Thread(target=read, args=(page.address,))
        reader.start()
        for report in job.train(progress=page.step):
            page.show(report)
        page.close()
        reader.join()
    else:
        for _ in job.train():
            pass
    return time.process_time() - began


def read(address: str) -> None:
    """Read the page's events until they end."""
    connection = http.client.HTTPConnection(address.removeprefix("http://").rstrip("/"))
    connection.request("GET", "/events")
    for _ in connection.getresponse():
        pass


def main() -> None:
    config = Path(sys.argv[1] if len(sys.argv) > 1 else "configs/circle.yaml")
    epochs = int(sys.argv[2]) if len(sys.argv) > 2 else 2500
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 10
    pairs = [(seconds(config, epochs, live=False), seconds(config, epochs, live=True)) for _ in range(rounds)]
    without, watched = map(min, zip(*pairs, strict=True))
    print(f"{config}, {epochs} epochs: {without:.3f} s, watched {watched:.3f} s: {watched / without - 1:+.1%}")


if __name__ == "__main__":
    main()
