"""The locked requirements: in step with ``pyproject.toml``, each with its hashes."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
LOCKS = {"requirements-dev.txt": "dev", "requirements-lowest.txt": "lowest"}
"""Each lock, and the group that it locks beside what every user gets."""


def wanted(group: str) -> list[Requirement]:
    return [Requirement(text) for text in (*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"][group])]


def locked(name: str) -> list[Requirement]:
    """The pins of a lock; hashes stand on lines of their own behind each."""
    text = (ROOT / name).read_text("utf-8")
    pins = re.findall(r"^([^#\s][^\\\n]*?)\s*((?:\\\n\s+--hash=sha256:[0-9a-f]{64}\s*)*)$", text, re.MULTILINE)
    assert pins
    assert all(hashes for _, hashes in pins)
    return [Requirement(pin) for pin, _ in pins]


def pins_of(requirement: Requirement, lock: list[Requirement]) -> list[Version]:
    """The versions to which a requirement is pinned: one, or another for each range of Pythons."""
    found = [pin for pin in lock if pin.name.lower() == requirement.name.lower()]
    return [Version(next(iter(pin.specifier)).version) for pin in found]


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_holds_what_the_project_asks_for(name: str) -> None:
    lock = locked(name)
    for requirement in wanted(LOCKS[name]):
        fitting = [requirement.specifier.contains(pin) for pin in pins_of(requirement, lock)]
        assert fitting, requirement
        assert any(fitting) if requirement.marker else all(fitting), requirement


def test_the_lowest_versions_are_those_that_the_project_allows() -> None:
    lock = locked("requirements-lowest.txt")
    for requirement in wanted("lowest"):
        lower = next(Version(one.version) for one in requirement.specifier if one.operator == ">=")
        assert lower in pins_of(requirement, lock), requirement
