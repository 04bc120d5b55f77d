"""What Keras and PyTorch make of the same cases: each in a process of the interpreter that has it."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.peers import Peers
from benchmarks.processes import run
from campaigns.differential.case import Case
from campaigns.differential.exchange import Result, Task, read_results, write_tasks
from campaigns.differential.ours import task_of
from campaigns.differential.scripts import LACKING, script_of
from mltrain.config.families import members
from mltrain.spec import Spec
from mltrain.system.threads import cores

PEERS = {"keras": "Keras", "torch": "PyTorch"}
"""The peers by the name of their package, which is also that of their module here."""

Results = Mapping[tuple[int, str], Result]
"""By the number of the case and the precision."""


def train_by_peers(cases: Sequence[Case], peers: Peers) -> dict[str, Results]:
    """Each peer's results of the cases of which it has everything. Raises `MeasurementFailed`."""
    tasks = {case.number: task_of(case) for case in cases}
    numbered = {case.number: case for case in cases}
    with TemporaryDirectory() as folder, ThreadPoolExecutor() as threads:
        work = {}
        for name in PEERS:
            own = [case.number for case in cases if has_all(name, case)]
            written = {number: tasks[number]._replace(description=script_of(name, numbered[number])) for number in own}
            parts = [{number: written[number] for number in own[part :: cores()]} for part in range(cores())]
            work[name] = [
                threads.submit(_train, name, part, peers, str(Path(folder, f"{name}-{min(part)}")))
                for part in parts
                if part
            ]
        return {
            name: {place: result for part in parts for place, result in part.result().items()}
            for name, parts in work.items()
        }


def _train(name: str, tasks: Mapping[int, Task], peers: Peers, place: str) -> Results:
    given, found = Path(f"{place}-tasks.npz"), Path(f"{place}-results.npz")
    write_tasks(given, tasks)
    run([str(peers.python), "-m", f"campaigns.differential.{name}_peer", str(given), str(found)])
    return read_results(found)


def has_all(peer: str, case: Case) -> bool:
    """Whether `mltrain code` writes everything in the case's config for the peer."""
    return all(name not in LACKING[peer] for _, name in members_of(case))


def members_of(case: Case) -> set[tuple[str, str]]:
    """The family and the name of everything in a config that is compared."""
    titles = {spec: title for title, spec in members()}
    config = case.config
    return {
        (titles[type(spec)], spec.type_name()) for spec in _specs_in((config.layers, config.loss, config.optimizer))
    }


def _specs_in(value: object) -> list[Spec]:
    if isinstance(value, Spec):
        return [value, *(spec for name in value.__struct_fields__ for spec in _specs_in(getattr(value, name)))]
    return [spec for item in value for spec in _specs_in(item)] if isinstance(value, tuple | list) else []
