"""What may be told of an exam's cell: what an experimenter at a real amplifier would see, and no more."""

import re
from dataclasses import replace

from vclamp.model.record import Recording
from vclamp.model.rig import Rig

TRUE_OF_AMPLIFIER = ("rs_MOhm", "cp_pF", "offset_mV", "junction_mV", "recorder.seal_GOhm")  # what an exam asks for
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


def may_be_written(path: str, rig: Rig) -> bool:
    """Whether the value at a dotted path of a rig may be told: of an exam's none that is to be found out."""
    secret = path.startswith("cell.") or path.removeprefix("amplifier.") in TRUE_OF_AMPLIFIER
    return not (hidden(rig) and secret)


def as_told(recording: Recording) -> Recording:
    """The recording as another program may have it: of an exam's cell without the traces that may not be told."""
    rig, sweeps = recording.header.rig, []
    if not hidden(rig):
        return recording
    for sweep in recording.sweeps:
        rows = [row for row, name in enumerate(sweep.names) if is_told(name, rig)]
        values = sweep.values[rows]
        values.flags.writeable = False
        sweeps.append(replace(sweep, names=tuple(sweep.names[row] for row in rows), values=values))
    return replace(recording, sweeps=tuple(sweeps))
