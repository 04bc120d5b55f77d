"""The command, with mltrain itself in the place of both peers."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.peers import Peers
from campaigns.differential import __main__ as command
from campaigns.differential import peers
from campaigns.differential.case import Case
from campaigns.differential.exchange import Result
from campaigns.differential.ours import train_float64

WRONG = 2
"""The number of the config that one of the false peers gets wrong."""


@pytest.fixture
def _false_peers(monkeypatch: pytest.MonkeyPatch) -> None:
    def train(cases: Sequence[Case], _: Peers) -> dict[str, Any]:
        results = {name: {} for name in peers.PEERS}  # type: dict[str, dict[tuple[int, str], Result]]
        for name, found in results.items():
            for case in cases:
                result = train_float64(case)
                if name == "torch" and case.number == WRONG:
                    result = result._replace(losses=result.losses + 1)
                found[case.number, "float64"] = result
                found[case.number, "float32"] = Result(
                    result.losses.astype(np.float32),
                    {key: array.astype(np.float32) for key, array in result.weights.items()},
                )
        return results

    monkeypatch.setattr(peers, "train_by_peers", train)
    monkeypatch.setattr(command, "find_peers", lambda _: Peers(Path("python"), {"keras": "3", "torch": "2"}))
    monkeypatch.setenv("MLTRAIN_THREADS", "1")


@pytest.mark.usefixtures("_false_peers")
def test_agreement(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert command.main(["--configs", str(WRONG), "--json", str(tmp_path / "found.json")]) == 0
    out = capsys.readouterr().out
    assert out.startswith("2 configs of seed 0; Keras 3, PyTorch 2\n")
    assert re.search(r"^\| agrees +\| 2 +\| 2 +\|$", out, re.MULTILINE)
    assert "disagrees beside" not in out
    assert "Without counterpart in Keras: nothing." in out
    verdicts = json.loads((tmp_path / "found.json").read_text("utf-8"))["verdicts"]
    assert [(one["number"], one["peer"], one["word"]) for one in verdicts] == [
        (number, peer, "agrees") for peer in peers.PEERS for number in range(WRONG)
    ]


@pytest.mark.usefixtures("_false_peers")
def test_a_disagreement_is_named_so_that_it_can_be_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--configs", str(WRONG + 1)]) == 1
    out = capsys.readouterr().out
    assert f"config {WRONG} disagrees beside PyTorch: loss in float64; " in out
    assert f"\n# python -m campaigns.differential --seed 0 --only {WRONG}\nname: differential-0-{WRONG}\n" in out
    assert command.main(["--only", str(WRONG)]) == 1
    assert "dataset:\n  type: inline\n" in capsys.readouterr().out


def test_absent_peers_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--peers", "no/such/python"]) == 2
    assert "no/such/python lacks keras and torch; make the peers with: " in capsys.readouterr().err
