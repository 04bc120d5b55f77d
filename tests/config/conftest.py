import pytest
import yaml

from mltrain.config import yaml_errors as yaml_faults


@pytest.fixture(params=["CBaseLoader", "BaseLoader"])
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both parsers of PyYAML: the one in C, and the one in Python, which is all that some machines have."""
    if not hasattr(yaml, request.param):
        pytest.skip("PyYAML came without its C parser")
    monkeypatch.setattr(yaml_faults, "_PARSER", getattr(yaml, request.param))
