"""What a server counts, in the text format of Prometheus.

https://prometheus.io/docs/instrumenting/exposition_formats/. Each process of a server counts for itself.
"""

import threading
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from mltrain.serving.served_model import Predicted

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds of the latencies that are counted together, in seconds."""

_HELP = {
    "mltrain_rows_total": "Rows predicted.",
    "mltrain_unknown_values_total": "Cells with a name that the model did not learn.",
    "mltrain_missing_values_total": "Cells without a value, which were filled in.",
    "mltrain_outside_values_total": "Numbers outside of what training saw.",
    "mltrain_model_loads_total": "Model files read, by whether they could be used.",
}

Labels = tuple[tuple[str, str], ...]


class Counters:
    """Counts requests by endpoint and status, how long they took, and what was in their rows."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self._seconds: dict[str, list[int]] = defaultdict(lambda: [0] * (len(BUCKETS) + 1))
        self._sums: dict[str, float] = defaultdict(float)
        self._others: dict[str, Counter[Labels]] = {name: Counter() for name in _HELP}
        self.in_progress = 0
        self.body_bytes = 0

    def request(self, endpoint: str, method: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        with self._lock:
            self._requests[endpoint, method, status] += 1
            self._seconds[endpoint][bisect_left(BUCKETS, seconds)] += 1
            self._sums[endpoint] += seconds

    def predicted(self, model: str, predicted: Predicted) -> None:
        """Count the rows of a request, and what was new to the model in them."""
        with self._lock:
            self._others["mltrain_rows_total"][("model", model),] += len(predicted.y)
            for name, by_column in (
                ("unknown", predicted.unknown),
                ("missing", predicted.gaps),
                ("outside", predicted.outside),
            ):
                counts = self._others[f"mltrain_{name}_values_total"]
                for column, count in by_column.items():
                    counts[("model", model), ("column", column)] += count

    def loaded(self, model: str, *, well: bool) -> None:
        """Count a model file that was read."""
        with self._lock:
            self._others["mltrain_model_loads_total"][("model", model), ("result", "ok" if well else "failed")] += 1

    def text(self) -> str:
        """All counts, a line each."""
        with self._lock:
            return "\n".join([*self._lines(), ""])

    def _lines(self) -> Iterator[str]:
        yield from _head("mltrain_requests_total", "counter", "Requests answered.")
        for (endpoint, method, status), count in sorted(self._requests.items()):
            yield _line("mltrain_requests_total", {"endpoint": endpoint, "method": method, "status": status}, count)
        name = "mltrain_request_seconds"
        yield from _head(name, "histogram", "Seconds from a request to the end of its answer.")
        for endpoint, counts in sorted(self._seconds.items()):
            total = 0
            for bound, count in zip((*BUCKETS, "+Inf"), counts, strict=True):
                total += count
                yield _line(f"{name}_bucket", {"endpoint": endpoint, "le": bound}, total)
            yield _line(f"{name}_sum", {"endpoint": endpoint}, self._sums[endpoint])
            yield _line(f"{name}_count", {"endpoint": endpoint}, total)
        yield from _head("mltrain_requests_in_progress", "gauge", "Requests that are not answered yet.")
        yield _line("mltrain_requests_in_progress", {}, self.in_progress)
        yield from _head("mltrain_body_bytes", "gauge", "Bytes of bodies that are held.")
        yield _line("mltrain_body_bytes", {}, self.body_bytes)
        for name, labelled in self._others.items():
            yield from _head(name, "counter", _HELP[name])
            for labels, count in sorted(labelled.items()):
                yield _line(name, dict(labels), count)


def _head(name: str, kind: str, text: str) -> Iterator[str]:
    yield f"# HELP {name} {text}"
    yield f"# TYPE {name} {kind}"


def _line(name: str, labels: Mapping[str, object], value: float) -> str:
    told = ",".join(f'{label}="{_escaped(str(text))}"' for label, text in labels.items())
    return f"{name}{{{told}}} {value}" if told else f"{name} {value}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
