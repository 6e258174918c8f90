"""A recording drawn faintly behind a family, to compare it with."""

from collections.abc import Iterable, Mapping, Sequence

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
            lines = scope.lines(header.rig)
            traces = [traces[line.trace] for line in lines for traces in self._sweeps if line.trace in traces]
            scope.item.set_behind(Shown(trace, colour, CLEAR if own else FAINT, z=-1.0) for trace in traces)

    def name(self, scope: Scope, rig: Rig) -> dict[Line, Trace]:
        """Its name and the trace to write it on, far out in the largest scope; nothing if it has no name."""
        label = self.label
        if not label or not self._sweeps or scope.kind is not SCOPES[hero(rig)]:
            return {}
        traces = [each[line.trace] for line in scope.lines(rig)[:1] for each in self._sweeps if line.trace in each]
        outermost = max(traces, key=lambda trace: abs(float(np.median(trace.values))), default=None)
        return {Line("ghost", label): outermost} if outermost is not None else {}


def traces_of(sweep: Sweep, lines: Sequence[Line], dt_ms: float) -> dict[str, Trace]:
    """The lines there are of a sweep, by their traces."""
    found = _rows(sweep.names, lines)
    return dict(zip(found, Trace.rows(sweep.values[list(found.values())], dt_ms=dt_ms), strict=True))


def family_of(
    sweeps: Sequence[Sweep], lines: Sequence[Line], dt_ms: float, before: Mapping[int, Mapping[str, Trace]]
) -> dict[int, dict[str, Trace]]:
    """The same of all sweeps of a family; traces that are as before are the same objects, drawn already."""
    first = sweeps[0] if sweeps else None
    if first is None or any((x.names, x.values.shape) != (first.names, first.values.shape) for x in sweeps):
        return {sweep.index: traces_of(sweep, lines, dt_ms) for sweep in sweeps}
    found = _rows(first.names, lines)
    values = np.empty((len(sweeps), len(found), first.values.shape[1]), np.float32)
    for sweep, own in zip(sweeps, values, strict=True):
        for row, number in zip(own, found.values(), strict=True):
            row[:] = sweep.values[number]  # no copy in between
    known = [[before.get(sweep.index, {}).get(name) for name in found] for sweep in sweeps]
    n, same = values.shape[-1], np.zeros(values.shape[:2], bool)
    if all(trace is not None and trace.length == n for traces in known for trace in traces):
        same = (values == [[trace.values for trace in traces] for traces in known]).all(axis=-1)
    fresh = iter(Trace.rows(values[~same], dt_ms=dt_ms))
    return {
        sweep.index: {
            name: trace if kept else next(fresh) for name, trace, kept in zip(found, traces, keeps, strict=True)
        }
        for sweep, traces, keeps in zip(sweeps, known, same.tolist(), strict=True)
    }


def _rows(names: tuple[str, ...], lines: Iterable[Line]) -> dict[str, int]:
    """The rows of a sweep's values that lines show, by the lines' traces."""
    return {line.trace: names.index(name) for line in lines if (name := line.found_in(names))}
