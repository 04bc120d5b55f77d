"""Files and columns that a config names and that are not there: told with all other mistakes, each in its place."""

from pathlib import Path

import numpy as np
import pytest
from refusals import refusal

from mltrain.config.load import read_config
from mltrain.errors import ConfigDataError, ConfigError, DataError

REST = "layers:\n  - {type: dense, units: 1}\nloss: mse\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("rows.csv").write_text("size,colour,price\n1,red,3\n2,blue,5\n3,red,6\n4,blue,8\n")
    return tmp_path


def problems(dataset: str, rest: str = REST, *overrides: str) -> list[str]:
    Path("c.yaml").write_text(f"dataset: {dataset}\n{rest}")
    return refusal(read_config, Path("c.yaml"), overrides)


def test_columns_and_options_come_together() -> None:
    dataset = "{type: csv, path: rows.csv, target: prise, features: [sise, colour], ignore: [zzz]}"
    assert problems(dataset, REST + "sed: 1\n") == [
        "c.yaml:1:46  dataset.target: there is no column 'prise' in rows.csv; did you mean 'price'?",
        "c.yaml:1:64  dataset.features[0]: there is no column 'sise' in rows.csv; did you mean 'size'?",
        "c.yaml:1:88  dataset.ignore[0]: there is no column 'zzz' in rows.csv; there are size, colour, price",
        "c.yaml:5:1  sed: unknown option for a config; did you mean 'seed'?",
    ]


def test_files_and_options_come_together(folder: Path) -> None:
    where = f"it is looked for in {folder} and in the working folder"
    assert problems("{type: csv, path: row.csv, target: price, test_path: rows.csw}", REST + "seed: x\n") == [
        f"c.yaml:1:28  dataset.path: there is no 'row.csv'; {where}; did you mean 'rows.csv'?",
        f"c.yaml:1:63  dataset.test_path: there is no 'rows.csw'; {where}; did you mean 'rows.csv'?",
        "c.yaml:5:7  seed: expected a whole number of at least 0, got 'x'",
    ]


def test_what_does_not_fit_together_comes_with_other_mistakes() -> None:
    rest = "layers: [{type: dense, units: 2}]\nloss: mse\noptimizer: {type: sgd, lr: 1}\n"
    first, second = problems("{type: inline, x: [1, 2], y: [1, 2]}", rest)
    assert first.startswith("c.yaml:2:")
    assert second == "c.yaml:4:24  optimizer.lr: unknown option for sgd; did you mean 'learning_rate'?"


def test_what_the_command_line_set_is_named_so() -> None:
    line = "--set dataset.target=colr  dataset.target: there is no column 'colr' in rows.csv; did you mean 'colour'?"
    assert problems("{type: csv, path: rows.csv, target: price}", REST, "dataset.target=colr") == [line]


def test_it_is_an_error_of_the_config_and_of_the_data() -> None:
    Path("c.yaml").write_text("dataset: {type: csv, path: no.csv, target: price}\n" + REST)
    with pytest.raises(ConfigDataError) as caught:
        read_config("c.yaml")
    assert isinstance(caught.value, ConfigError)
    assert isinstance(caught.value, DataError)
    assert caught.value.exit_code == 3
    (diagnostic,) = caught.value.diagnostics
    assert (diagnostic.file, diagnostic.line, diagnostic.column, diagnostic.path) == ("c.yaml", 1, 28, "dataset.path")


def test_a_windows_path_in_double_quotes() -> None:
    Path("c.yaml").write_text('dataset: {type: csv, path: "C:\\temp\\new.csv", target: price}\n' + REST)
    (line,) = refusal(read_config, Path("c.yaml"))
    assert line == (
        "c.yaml:1:28  dataset.path: the name 'C:\\temp\\new.csv' holds special characters; within double quotes '\\' "
        "begins one: use single quotes, or write '/'"
    )


def test_arrays_of_npz() -> None:
    np.savez("rows.npz", inputs=np.zeros((3, 2), np.float32), y=np.zeros(3, np.float32))
    assert problems("{type: npz, path: rows.npz, x: imputs}") == [
        "c.yaml:1:41  dataset.x: there is no array 'imputs' in rows.npz; did you mean 'inputs'?"
    ]


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (
            "features: [size, size]",
            "c.yaml:1:70  dataset.features[1]: 'size' is in the list already, as dataset.features[0]",
        ),
        ("ignore: [size, size]", "c.yaml:1:68  dataset.ignore[1]: 'size' is in the list already, as dataset.ignore[0]"),
        (
            "standardize: [size, colour]",
            "c.yaml:1:73  dataset.standardize[1]: 'colour' holds names, not numbers, so it cannot be scaled; "
            "leave it out here",
        ),
        (
            "min_max: [colour]",
            "c.yaml:1:63  dataset.min_max[0]: 'colour' holds names, not numbers, so it cannot be scaled; "
            "leave it out here",
        ),
    ],
)
def test_lists_of_columns(options: str, line: str) -> None:
    assert problems(f"{{type: csv, path: rows.csv, target: price, {options}}}") == [line]
