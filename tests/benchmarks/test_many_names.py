"""The study of columns of many names: its tables, and a small one from end to end."""

from collections import Counter
from pathlib import Path

from benchmarks.many_names import KINDS, TABLES, TASKS, Table, learned, measure, write_table


def names_of(path: Path) -> Counter[str]:
    return Counter(line.split(",")[2] for line in path.read_text().splitlines()[1:])


def test_tables_are_as_they_say(tmp_path: Path) -> None:
    for number, table in enumerate(TABLES):
        write_table(tmp_path / f"{number}.csv", table, 0, "r2")
        counts = names_of(tmp_path / f"{number}.csv")
        assert counts.total() == table.rows
        assert 0.8 * table.names < len(counts) <= table.names
        assert (counts.most_common(1)[0][1] > 0.1 * table.rows) == table.few_frequent


def test_halves_of_the_target_are_equal(tmp_path: Path) -> None:
    write_table(tmp_path / "t.csv", Table(200, 5), 0, "accuracy")
    goals = Counter(line.rsplit(",", 1)[1] for line in (tmp_path / "t.csv").read_text().splitlines()[1:])
    assert goals == {"low": 100, "high": 100}


def test_both_networks_learn_a_small_table(capsys) -> None:
    table = Table(400, 8)
    found = {kind: learned(table, "r2", kind, 0) for kind in KINDS}
    assert found["category"].parameters == (2 + 8) * 64 + 64 + 65
    assert found["index"].parameters == (8 + 2) * 4 + (2 + 4) * 64 + 64 + 65
    assert all(one.score > 0.6 for one in found.values())
    measure([], 1)
    assert capsys.readouterr().out.count("|---") == 1 + len(TASKS) * len(KINDS)
