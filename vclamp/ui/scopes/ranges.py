"""Heights of scopes that follow what grows in them, without what towers over everything else."""

from collections.abc import Iterable

import numpy as np

from vclamp.analysis.windows import UNKNOWN_ms, is_known
from vclamp.model.record import Chunk, Header, Recording, has_gating_current
from vclamp.model.rig import Rig
from vclamp.publish.scopes import SCOPES
from vclamp.ui.scopes.kinds import Scope

TRANSIENT_MS = 0.3  # after a step the capacitive transient is left out of the automatic range
Spans = tuple[tuple[float, float], ...]


def widen(scopes: Iterable[Scope], header: Header, chunk: Chunk, first: int, transients_ms: Spans) -> None:
    """Let the ranges of currents grow with the newest samples, in leaps, so that they rarely move."""
    time_ms = np.arange(first, chunk.last) / header.protocol.fs_kHz
    calm = np.ones(time_ms.size, bool)
    free = header.rig.amplifier.clamps_current
    for start, stop in transients_ms:
        calm &= (time_ms < start) | (time_ms >= stop)
    for scope in scopes:
        if scope.kind.fixed is not None or (scope.kind is SCOPES["voltage"] and not free) or not calm.any():
            continue
        rows = [chunk.names.index(x.trace) for x in scope.kind.lines(header.rig) if x.trace in chunk.names]
        if not rows:
            continue
        new = chunk.values[rows, first : chunk.last]
        new = new[:, calm] if scope.kind.charging else new
        low, high = scope.plot.viewRange()[1]
        least, most = float(new.min()), float(new.max())
        if least < low or most > high:
            leap = 0.3 * (max(most, high) - min(least, low))
            scope.set_range(least - leap if least < low else low, most + leap if most > high else high, pad=0.0)


def transients_ms(header: Header, behind: Recording | None) -> Spans:
    """When capacitive transients tower over everything else, in a family or in what lies behind it."""
    rigs = [header.rig, *([behind.header.rig] if behind is not None else [])]
    if header.rig.amplifier.clamps_current or not any(map(_is_charging, rigs)):
        return ()
    course, fs_kHz = header.protocol.course(0), header.protocol.fs_kHz
    starts = course.first[course.stays | (course.first == 0)] / fs_kHz  # what is bent does not jump
    lasting_ms = TRANSIENT_MS if all(map(is_known, rigs)) else UNKNOWN_ms
    return tuple((t, t + lasting_ms) for t in starts.tolist())


def _is_charging(rig: Rig) -> bool:
    """Whether the current may show how something is charged: the membrane, gates, or what is not known."""
    return not rig.amplifier.ideal or not is_known(rig) or any(map(has_gating_current, rig.cell.channels))
