"""What there is in mltrain, and not in members.py: new layers, losses, options ... that nobody compares yet."""

from collections.abc import Set as AbstractSet

from campaigns.differential.members import (
    CHANGE_NO_NUMBER,
    DRAWN_WITH_THE_GRAPH,
    MEMBERS,
    NOT_DRAWN,
    NOT_TRAINED_WITH,
    WITH_THE_NETWORK,
)
from campaigns.differential.scripts import LACKING
from mltrain.config.families import FAMILIES, SECTIONS, members
from mltrain.config.option_types import options


def uncovered() -> list[str]:
    """All that is not compared with anybody, one line each."""
    lines = [f"{family}: all of this family" for family in FAMILIES.keys() - MEMBERS.keys() - NOT_TRAINED_WITH]
    specs = [(family, spec.type_name(), spec) for family, spec in members() if family in MEMBERS]
    for family, name, spec in specs:
        member = MEMBERS[family].get(name)
        if name in NOT_DRAWN:
            continue
        if member is None:
            lines.append(f"{family}: {name}")
        else:
            lines += _uncovered_options(f"{family}: {name}", name, options(spec).keys() - member.options.keys())
    lines += _uncovered_options("section: training", "training", options(SECTIONS["training"]).keys())
    return sorted(lines)


def _uncovered_options(label: str, name: str, left: AbstractSet[str]) -> list[str]:
    known = WITH_THE_NETWORK.get(name, set()) | DRAWN_WITH_THE_GRAPH | CHANGE_NO_NUMBER
    return [f"{label}, option {option}" for option in left - known]


def without_counterpart(peer: str) -> list[str]:
    """The members that a peer ("keras" or "torch") is not compared for."""
    return [f"{family}: {name}" for family, known in MEMBERS.items() for name in known if name in LACKING[peer]]
