"""Values that a description may do without: which are absent, and what they are to be when they are added."""

from collections.abc import Callable, Iterator
from math import isnan
from typing import Any

from vclamp.model.edit import items
from vclamp.model.rig import Rig
from vclamp.ui.panels.naming import value_at

ATP_mM = 3.0  # inside, of a pump that begins to need it: usual in pipette solutions
USUAL_DG_ATP_kJ_PER_MOL = -55.0
USUAL_K_ATP_mM = 0.5


def _reversal(rig: Rig, described: Any) -> float:
    """Where it reverses now."""
    e_mV = described.reversal_mV(rig.solutions)
    return 0.0 if isnan(e_mV) else float(round(e_mV, 1))


# key of a value that may be absent: what it is to be at first, for what it belongs to
_FIRST: dict[str, Callable[[Rig, Any], object]] = {
    "e_mV": _reversal,
    "max_ions": lambda rig, channel: len(channel.pore.permeant[0].wells_RT),
    "q10": lambda rig, channel: channel.q10,
    "dg_atp_kJ_per_mol": lambda rig, pump: USUAL_DG_ATP_kJ_PER_MOL,
    "k_atp_mM": lambda rig, pump: USUAL_K_ATP_mM,
}
_ALWAYS_THERE = ("", "q10")  # of the channel or pump itself; a gate's own may be absent


def may_be_absent(path: str) -> bool:
    """Whether the value at a path within a channel or pump can be added and taken away."""
    owner, _, key = path.rpartition(".")
    return key in _FIRST and (owner, key) != _ALWAYS_THERE


def absent(described: object, owner: str) -> Iterator[str]:
    """Paths of what a part of a channel or pump has no value for, but could have."""
    for path, item in items(described):
        if item is None and path.rpartition(".")[0] == owner and may_be_absent(path):
            yield path


def first_values(rig: Rig, prefix: str, path: str) -> dict[str, object]:
    """What to set, by its paths in the rig, so that a value is there and nothing stops of it."""
    key = path.rpartition(".")[2]
    found = {f"{prefix}.{path}": _FIRST[key](rig, value_at(rig, prefix))}
    if key == "k_atp_mM" and not rig.solutions.drug_mM("ATP", "in"):
        found["solutions.drugs.ATP.in_mM"] = ATP_mM
    return found
