"""Heights of scopes that follow what grows in them, without what towers over everything else."""

from collections.abc import Iterable

import numpy as np

from vclamp.model.record import Chunk, Header
from vclamp.publish.scopes import SCOPES
from vclamp.ui.scopes.kinds import Scope

Spans = tuple[tuple[float, float], ...]


def widen(scopes: Iterable[Scope], header: Header, chunk: Chunk, first: int, transients_ms: Spans) -> None:
    """Let the ranges of currents grow with the newest samples, in leaps, so that they rarely move."""
    free, calm = header.rig.amplifier.clamps_current, slice(None)
    if transients_ms:
        time_ms = np.arange(first, chunk.last) / header.protocol.fs_kHz
        calm = np.all([(time_ms < start) | (time_ms >= stop) for start, stop in transients_ms], axis=0)
        if not calm.any():
            return
    for scope in scopes:
        if scope.kind.fixed is not None or (scope.kind is SCOPES["voltage"] and not free):
            continue
        rows = [chunk.names.index(x.trace) for x in scope.lines(header.rig) if x.trace in chunk.names]
        if not rows:
            continue
        new = chunk.values[rows, first : chunk.last]
        new = new[:, calm] if scope.kind.charging else new
        low, high = scope.plot.viewRange()[1]
        least, most = float(new.min()), float(new.max())
        if least < low or most > high:
            leap = 0.3 * (max(most, high) - min(least, low))
            scope.set_range(least - leap if least < low else low, most + leap if most > high else high, pad=0.0)
