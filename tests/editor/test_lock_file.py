"""The lock file of what tests run under Node: pinned, and without the addresses of one registry."""

import json
from pathlib import Path

HERE = Path(__file__).parent


def test_every_package_is_pinned_and_none_is_bound_to_a_registry() -> None:
    lock = json.loads((HERE / "package-lock.json").read_text("utf-8"))
    wanted = json.loads((HERE / "package.json").read_text("utf-8"))
    own, *others = lock["packages"].values()
    assert own["dependencies"] == wanted["dependencies"]
    assert len(others) > 10
    for package in others:
        assert "resolved" not in package
        assert package["version"][0].isdigit()
        assert package["integrity"].startswith("sha512-")
