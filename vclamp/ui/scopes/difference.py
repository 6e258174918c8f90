"""The scope of the difference between a control and the sweeps on show."""

from vclamp.analysis.difference import DIFFERENCE
from vclamp.model.rig import Rig
from vclamp.publish.scopes import SCOPES, Line, ScopeKind


def _difference(rig: Rig) -> tuple[Line, ...]:
    return () if rig.amplifier.clamps_current else (Line(DIFFERENCE),)


DIFFERENCE_SCOPE = ScopeKind("control − I", "pA", 12, _difference, menu="Difference from the control", charging=True)


def kinds() -> dict[str, ScopeKind]:
    """All scopes there are, with the difference below the current that it is of."""
    found = list(SCOPES.items())
    below = list(SCOPES).index("total") + 1
    return dict([*found[:below], (DIFFERENCE, DIFFERENCE_SCOPE), *found[below:]])
