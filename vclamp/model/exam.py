"""What may be told of an exam's cell: what an experimenter at a real amplifier would see, and no more."""

import re

from vclamp.model.rig import Rig

_GIVEN = {"command_mV", "i_pA", "i_subtracted_pA"}  # by an amplifier and a computer, in any mode


def hidden(rig: Rig) -> bool:
    """Whether what only a simulator knows of a rig is to be found out, and so is shown nowhere."""
    return rig.cell.exam


def is_told(trace: str, rig: Rig) -> bool:
    """Whether a trace of a rig may be told: of an exam's cell the command, and what was recorded.

    The voltage is recorded only under current clamp; under voltage clamp it is that of the membrane, which
    an amplifier does not know.
    """
    if not hidden(rig) or trace in _GIVEN or re.fullmatch(r"i_leg_\d+_pA", trace):
        return True
    return trace == "v_mV" and rig.amplifier.clamps_current
