"""The sweeps of a family in all scopes: growing, finished, and faint ones to compare with."""

from collections.abc import Iterable

import numpy as np
from PySide6.QtGui import QColor

from vclamp.model.protocol import Protocol
from vclamp.model.record import Chunk, Header, Sweep, has_gating_current
from vclamp.model.rig import Rig
from vclamp.ui.scopes.kinds import SCOPES, Line, Scope, command, first_range, time_unit, title_of
from vclamp.ui.scopes.names import write_names
from vclamp.ui.scopes.store import Trace
from vclamp.ui.scopes.trace_item import Shown
from vclamp.ui.theme import Theme, channel_colours, sweep_colours, trace_colours

TRANSIENT_MS = 0.3  # after a step the capacitive transient is left out of the automatic range
DIM, GHOST = 0.28, 0.30
MAX_PREVIEWED = 100


class Family:
    """Draws sweeps into the scopes; the newest one is in front."""

    def __init__(self, scopes: dict[str, Scope], theme: Theme) -> None:
        self.header: Header | None = None
        self._scopes = scopes
        self._theme = theme
        self._sweeps: dict[int, dict[str, Trace]] = {}
        self._ghost: dict[int, dict[str, Trace]] = {}
        self._ghost_of: tuple[tuple[Sweep, ...], list[Line]] = ((), [])
        self._live: tuple[int, int, dict[str, Trace]] | None = None  # sweep, samples, traces
        self._colours: list[QColor] = []
        self._line_colours: dict[str, QColor] = {}  # by trace, where it is not the sweep's

    @property
    def shown(self) -> list[Scope]:
        """The scopes that are on the screen, from the top."""
        return [scope for scope in self._scopes.values() if scope.shown]

    def set_theme(self, theme: Theme) -> None:
        """Draw in another look."""
        self._theme = theme
        self._mix_colours()
        self._draw_ghost()
        self._redraw()
        self.name_lines()

    def begin(self, header: Header, *, ghost: tuple[Sweep, ...] = (), keep_view: bool = False) -> None:
        """A new run: nothing is drawn yet, but faintly some sweeps to compare it with."""
        self._prepare(header, ghost, keep_view)
        self._redraw()
        self.name_lines()

    def grew(self, chunk: Chunk) -> None:
        """More samples of the live sweep."""
        if self.header is None:
            return
        if self._live is None or self._live[0] != chunk.sweep:
            self._dim_newest()
            self._live = (chunk.sweep, 0, self._new_traces(chunk))
            self._show_front(*self._live[::2])
        sweep, done, traces = self._live
        if chunk.last <= done:
            return  # the sweep is played again, for its mean
        for row, name in enumerate(chunk.names):
            if name in traces:
                traces[name].append(chunk.values[row, done : chunk.last])
        self._live = (sweep, chunk.last, traces)
        for scope in self.shown:
            scope.item.live_grew()
        self._widen(chunk, done)

    def finish(self, sweep: Sweep) -> None:
        """The live sweep is done: it joins the family, in front until the next one begins."""
        grown = self._live is not None and self._live[:2] == (sweep.index, sweep.values.shape[1])
        if self._live is None or not grown or (self.header is not None and self.header.protocol.plays_more):
            if not grown:
                self._dim_newest()
            self._live = (sweep.index, sweep.values.shape[1], self._traces_of(sweep))
        self._sweeps[sweep.index], self._live = self._live[2], None
        self._show_front(sweep.index, self._sweeps[sweep.index])

    def show_family(
        self, header: Header, sweeps: tuple[Sweep, ...], *, ghost: tuple[Sweep, ...] = (), keep_view: bool
    ) -> None:
        """Show finished sweeps at once; `name_lines` can wait until they are on the screen."""
        self._prepare(header, ghost, keep_view)
        self._sweeps = {sweep.index: self._traces_of(sweep) for sweep in sweeps}
        self._redraw()
        if not keep_view:
            self.autoscale()

    def drop_live(self) -> None:
        """Forget an unfinished sweep."""
        if self._live is not None:
            self._live = None
            self._redraw()

    def show_command(self, rig: Rig, protocol: Protocol) -> None:
        """Show what the protocol will command, a voltage or a current; nothing was run yet."""
        self._prepare(Header(rig, protocol, 0, ""), (), False)
        dt_ms = 1.0 / protocol.fs_kHz
        shown = range(min(protocol.total_sweeps, MAX_PREVIEWED))
        for sweep in shown:
            name, values = command(rig, protocol, sweep)
            self._sweeps[sweep] = {name: Trace.of(values, dt_ms=dt_ms)}
        self._redraw()
        self.name_lines()

    def autoscale(self) -> None:
        """Fit every scope to its data."""
        if self.header is None:
            return
        end_ms = max(self.header.protocol.duration_ms(k) for k in (0, self.header.protocol.total_sweeps - 1))
        self.shown[-1].plot.setXRange(0, end_ms, padding=0)
        self.autoscale_heights(self.shown)

    def autoscale_heights(self, scopes: Iterable[Scope]) -> None:
        """Fit some scopes to what is in them."""
        for scope in scopes:
            blanked = _transients_ms(self.header) if scope.kind.charging else ()
            found = scope.item.y_range(-np.inf, np.inf, blanked=blanked)
            if scope.kind.fixed is None and found is not None:
                scope.set_range(*found)

    def _prepare(self, header: Header, ghost: tuple[Sweep, ...], keep_view: bool) -> None:
        """Forget what is on show, but not the ghost if it is the same as before."""
        self._live, self._sweeps = None, {}
        same = self.header is not None and self.header.protocol == header.protocol
        self.header = header
        for scope in self._scopes.values():
            scope.set_title(title_of(scope.kind, header.rig))
        self._mix_colours()
        ghost_of = (ghost, self._lines())
        if self._ghost_of[0] is not ghost or self._ghost_of[1] != ghost_of[1]:
            self._ghost_of = ghost_of
            self._ghost = {sweep.index: self._traces_of(sweep) for sweep in ghost}
            self._draw_ghost()
        if not (same and keep_view):
            self._place(header.protocol)

    def _mix_colours(self) -> None:
        if self.header is not None:
            self._colours = sweep_colours(self.header.protocol.total_sweeps, self._theme)
            rig = self.header.rig
            channels = channel_colours(rig, self._theme)
            lines = [line for kind in SCOPES.values() for line in kind.lines(rig) if line.channel]
            self._line_colours = trace_colours(rig, self._theme) | {x.trace: channels[x.channel] for x in lines}
            self._line_colours["i_membrane_pA"] = QColor(self._theme.record)

    def _place(self, protocol: Protocol) -> None:
        """Time axis, command range and cursors, from the protocol alone."""
        assert self.header is not None
        end_ms = max(protocol.duration_ms(k) for k in (0, protocol.total_sweeps - 1))
        for scope in self._scopes.values():
            scope.set_time_unit(*time_unit(end_ms))
            scope.set_range(*first_range(scope.kind, self.header.rig, protocol))
        self.shown[-1].plot.setXRange(0, end_ms, padding=0)

    def _new_traces(self, chunk: Chunk) -> dict[str, Trace]:
        assert self.header is not None
        dt_ms = 1.0 / self.header.protocol.fs_kHz
        size = chunk.values.shape[1]
        return {line.trace: Trace(size, dt_ms=dt_ms) for line in self._lines()}

    def _traces_of(self, sweep: Sweep) -> dict[str, Trace]:
        assert self.header is not None
        dt_ms = 1.0 / self.header.protocol.fs_kHz
        wanted = [line.trace for line in self._lines() if line.trace in sweep.names]
        return {name: Trace.of(sweep[name], dt_ms=dt_ms) for name in wanted}

    def _lines(self) -> list[Line]:
        assert self.header is not None
        return [line for scope in self.shown for line in scope.kind.lines(self.header.rig)]

    # ---- drawing ---------------------------------------------------------------------------

    def _redraw(self) -> None:
        """Draw everything anew: what is behind, and the newest sweep in front of it."""
        if self.header is None:
            return
        newest = self._newest()
        for scope in self.shown:
            lines = scope.kind.lines(self.header.rig)
            behind = [
                self._shown(line, sweep, traces[line.trace], bright=False)
                for sweep, traces in sorted(self._sweeps.items())
                for line in lines
                if line.trace in traces and sweep != newest
            ]
            scope.item.set_finished(behind)
        if self._live is not None:
            self._show_front(*self._live[::2])
        else:
            self._show_front(newest, self._sweeps.get(newest, {}))

    def _draw_ghost(self) -> None:
        """Draw what the family is compared with."""
        if self.header is None:
            return
        colour = QColor(self._theme.dim_text)
        for scope in self.shown:
            lines = scope.kind.lines(self.header.rig)
            traces = [traces[line.trace] for line in lines for traces in self._ghost.values() if line.trace in traces]
            scope.item.set_behind(Shown(trace, colour, GHOST, z=-1.0) for trace in traces)

    def _newest(self) -> int:
        """The sweep that is drawn in front when none is live; -1 if there is none."""
        return max(self._sweeps, default=-1) if self._live is None else -1

    def _dim_newest(self) -> None:
        """Move the sweep in front behind, to make room for the next one."""
        newest = self._newest()
        if self.header is None or newest < 0:
            return
        for scope in self.shown:
            for line in scope.kind.lines(self.header.rig):
                trace = self._sweeps[newest].get(line.trace)
                if trace is not None:
                    scope.item.add_finished(self._shown(line, newest, trace, bright=False))

    def _show_front(self, sweep: int, traces: dict[str, Trace]) -> None:
        """Draw one sweep in front of all others."""
        assert self.header is not None
        for scope in self.shown:
            lines = [line for line in scope.kind.lines(self.header.rig) if line.trace in traces]
            scope.item.set_live([self._shown(x, sweep, traces[x.trace], bright=True) for x in lines])

    def _shown(self, line: Line, sweep: int, trace: Trace, *, bright: bool) -> Shown:
        wide = 1.5 * self._theme.trace_px if bright else None
        if line.trace in self._line_colours:
            colour = self._line_colours[line.trace]
            return Shown(trace, colour, 1.0 if bright else DIM, wide, z=float(bright))
        if line.trace == "command_mV":
            return Shown(trace, QColor(self._theme.dim_text), 0.8 if bright else DIM, None)
        live = bright and self._live is not None and self._live[0] == sweep
        colour = QColor(self._theme.text) if live else self._colours[sweep % len(self._colours)]
        return Shown(trace, colour, 1.0, wide, z=float(bright))

    def name_lines(self) -> None:
        """Write names on the lines of the newest sweep, each where it is farthest from the others."""
        if self.header is None:
            return
        traces = self._sweeps.get(max(self._sweeps, default=-1), {})
        for scope in self.shown:
            lines = [line for line in scope.kind.lines(self.header.rig) if line.label and line.trace in traces]
            write_names(scope, lines, traces, self._line_colours, self._theme)

    def _widen(self, chunk: Chunk, first: int) -> None:
        """Let the ranges of currents grow with the newest samples, in leaps, so that they rarely move."""
        assert self.header is not None
        time_ms = np.arange(first, chunk.last) / self.header.protocol.fs_kHz
        calm = np.ones(time_ms.size, bool)
        free = self.header.rig.amplifier.clamps_current
        for start, stop in _transients_ms(self.header):
            calm &= (time_ms < start) | (time_ms >= stop)
        for scope in self.shown:
            if scope.kind.fixed is not None or (scope.kind is SCOPES["voltage"] and not free) or not calm.any():
                continue
            rows = [chunk.names.index(x.trace) for x in scope.kind.lines(self.header.rig) if x.trace in chunk.names]
            if not rows:
                continue
            new = chunk.values[rows, first : chunk.last]
            new = new[:, calm] if scope.kind.charging else new
            low, high = scope.plot.viewRange()[1]
            least, most = float(new.min()), float(new.max())
            if least < low or most > high:
                leap = 0.3 * (max(most, high) - min(least, low))
                scope.set_range(least - leap if least < low else low, most + leap if most > high else high, pad=0.0)


def _transients_ms(header: Header) -> tuple[tuple[float, float], ...]:
    """When capacitive transients tower over everything else."""
    rig, protocol = header.rig, header.protocol
    charging = not rig.amplifier.ideal or any(map(has_gating_current, rig.cell.channels))
    if rig.amplifier.clamps_current or not charging:
        return ()
    course = protocol.course(0)
    starts = course.first[course.stays | (course.first == 0)] / protocol.fs_kHz  # what is bent does not jump
    return tuple((t, t + TRANSIENT_MS) for t in starts.tolist())
