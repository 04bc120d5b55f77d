"""Drawn configs are configs that mltrain takes, by all names that it has, and each is drawn again by its number."""

import json
from pathlib import Path

import numpy as np
import pytest

from campaigns.differential.case import Case, draw_case
from campaigns.differential.draw import STEPS, draw_config
from campaigns.differential.exchange import read_tasks, write_tasks
from campaigns.differential.members import MEMBERS
from campaigns.differential.ours import task_of
from campaigns.differential.peers import PEERS, members_of
from campaigns.differential.scripts import script_of
from mltrain.config.load import parse_config

DRAWN = [Case(number, draw_config(0, number)) for number in range(250)]


def test_every_member_is_drawn() -> None:
    drawn = set().union(*(members_of(case) for case in DRAWN))
    assert drawn == {(family, name) for family, members in MEMBERS.items() for name in members}


def test_short_batches_and_single_rows_are_drawn() -> None:
    rows = [(len(case.config.dataset.x), case.config.training.batch_size) for case in DRAWN]
    assert any(count % batch == 1 and batch > 2 for count, batch in rows)
    assert any(count == 1 for count, _ in rows)
    assert any(count % batch > 1 for count, batch in rows)
    assert any(count < batch for count, batch in rows)


def test_number_and_seed_draw_the_same_again() -> None:
    assert draw_config(0, 7) == DRAWN[7].config
    assert len({draw_case(*place).yaml(rows=True) for place in ((0, 7), (1, 7), (0, 8))}) == 3


def test_yaml_with_rows_is_the_config() -> None:
    for case in DRAWN[:5]:
        assert parse_config(case.yaml(rows=True), "drawn.yaml") == case.config
        assert "dataset" not in case.yaml(rows=False)


def test_every_case_takes_as_many_steps_and_reaches_the_peers_whole(tmp_path: Path) -> None:
    cases = DRAWN[:20]
    tasks = {case.number: task_of(case) for case in cases}
    write_tasks(tmp_path / "tasks.npz", tasks)
    read = read_tasks(tmp_path / "tasks.npz")
    assert read.keys() == tasks.keys()
    assert any(task.masks for task in tasks.values())
    for number, task in tasks.items():
        assert len(task.groups) == STEPS
        assert task.groups.sum() == len(task.counts)
        batches = list(task.batches())
        assert [place.stop - place.start for place, _, _ in batches] == task.counts.tolist()
        assert sum(share for _, share, _ in batches) == pytest.approx(STEPS)
        assert sum(last for _, _, last in batches) == STEPS
        assert len(task.order) == task.counts.sum() == len(task.x) * DRAWN[number].config.training.epochs
        again = read[number]
        assert again.description == json.loads(json.dumps(task.description))
        for one, other in ((again.weights, task.weights), (again.masks, task.masks)):
            assert list(one) == list(other)
            assert all((one[name] == other[name]).all() for name in other)
        assert all(
            (getattr(again, name) == getattr(task, name)).all()
            for name in task._fields
            if isinstance(getattr(task, name), np.ndarray)
        )


def test_every_case_is_written_for_each_peer() -> None:
    """Python that reads each array of the weights, and every dropout layer."""
    for case in DRAWN[:30]:
        weights, masks = case.first_weights, task_of(case).masks
        for peer in PEERS:
            script = script_of(peer, case)
            for part, text in script.items():
                if isinstance(text, str):
                    compile(text, part, "exec")
            assert set(script["dropouts"]) == set(masks)
        assert script["arrays"].keys() == weights.keys()
        assert all(f'weights["{name}"]' in script["weights"] for name in weights)
