"""A recording drawn faintly behind a family, to compare it with."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
from PySide6.QtGui import QColor

from vclamp.model.record import Header, Recording, Sweep
from vclamp.model.rig import Rig
from vclamp.publish.scopes import SCOPES, Line, hero
from vclamp.ui.scopes.kinds import Scope
from vclamp.ui.scopes.layer import Shown
from vclamp.ui.scopes.store import Trace
from vclamp.ui.theme import Theme

FAINT, CLEAR = 0.30, 0.9


class Ghost:
    """Keeps its traces for as long as the same recording lies behind the same lines."""

    def __init__(self) -> None:
        self.recording: Recording | None = None
        self._lines: list[Line] = []
        self._sweeps: list[dict[str, Trace]] = []

    def __len__(self) -> int:
        """How many sweeps are drawn."""
        return len(self._sweeps)

    @property
    def label(self) -> str:
        """What it is called, empty if it has no name."""
        about = self.recording.about if self.recording is not None else None
        return about.source or about.name if about is not None else ""

    def become(self, recording: Recording | None, lines: list[Line]) -> bool:
        """Lie behind these lines; whether that is anything new."""
        if recording is self.recording and lines == self._lines:
            return False
        self.recording, self._lines = recording, lines
        self._sweeps = []
        if recording is not None:
            dt_ms = 1.0 / recording.header.protocol.fs_kHz
            self._sweeps = [traces_of(sweep, lines, dt_ms) for sweep in recording.sweeps]
        return True

    def draw(self, scopes: Iterable[Scope], header: Header, theme: Theme) -> None:
        """Draw it into the scopes of a run, clearly if it tells more of that same run."""
        colour = QColor(theme.dim_text)
        own = self.recording is not None and self.recording.header is header
        for scope in scopes:
            lines = scope.kind.lines(header.rig)
            traces = [traces[line.trace] for line in lines for traces in self._sweeps if line.trace in traces]
            scope.item.set_behind(Shown(trace, colour, CLEAR if own else FAINT, z=-1.0) for trace in traces)

    def name(self, scope: Scope, rig: Rig) -> dict[Line, Trace]:
        """Its name and the trace to write it on, far out in the largest scope; nothing if it has no name."""
        label = self.label
        if not label or not self._sweeps or scope.kind is not SCOPES[hero(rig)]:
            return {}
        traces = [each[line.trace] for line in scope.kind.lines(rig)[:1] for each in self._sweeps if line.trace in each]
        outermost = max(traces, key=lambda trace: abs(float(np.median(trace.values))), default=None)
        return {Line("ghost", label): outermost} if outermost is not None else {}


def traces_of(
    sweep: Sweep, lines: Sequence[Line], dt_ms: float, before: Mapping[str, Trace] = MappingProxyType({})
) -> dict[str, Trace]:
    """The lines there are of a sweep, by their traces; those that are as before are the same objects, drawn already."""
    found = {line.trace: name for line in lines if (name := line.found_in(sweep.names))}
    values = sweep.values[[sweep.names.index(name) for name in found.values()]].astype(np.float32)
    same = [
        trace in before and np.array_equal(before[trace].values, row) for trace, row in zip(found, values, strict=True)
    ]
    fresh = iter(Trace.rows(values[np.logical_not(same)], dt_ms=dt_ms))
    return {trace: before[trace] if kept else next(fresh) for trace, kept in zip(found, same, strict=True)}
