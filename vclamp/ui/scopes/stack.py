"""The scopes: linked plots of one time axis, with two cursors through all of them."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QFont, QPaintEvent

from vclamp.model.protocol import Protocol
from vclamp.model.record import Chunk, Header, Sweep
from vclamp.model.rig import Rig
from vclamp.ui.scopes.grid import Grid
from vclamp.ui.scopes.store import Trace
from vclamp.ui.scopes.trace_item import Shown, TraceItem
from vclamp.ui.theme import Theme, channel_colours, readable, sweep_colours

TRANSIENT_MS = 0.3  # after a step the capacitive transient is left out of the automatic range
NANO_FROM_pA = 10_000.0
DIM, GHOST = 0.28, 0.30
MAX_PREVIEWED = 100
NAME_WIDTH = 0.08  # of a name, as part of the time axis


@dataclass(frozen=True)
class Line:
    """A trace in a scope; without a channel it takes the sweep's colour."""

    trace: str
    label: str = ""
    channel: str = ""


def _voltage(rig: Rig) -> tuple[Line, ...]:
    return (Line("v_mV"),) if rig.amplifier.ideal else (Line("command_mV", "command"), Line("v_mV"))


def _total(rig: Rig) -> tuple[Line, ...]:
    return (Line("i_pA"),)


def _ionic(rig: Rig) -> tuple[Line, ...]:
    return tuple(Line(f"i_{c.name}_pA", f"I {c.title}", c.name) for c in rig.cell.channels)


def _open(rig: Rig) -> tuple[Line, ...]:
    return tuple(Line(f"p_open_{c.name}", c.title, c.name) for c in rig.cell.channels if c.gates)


@dataclass(frozen=True)
class ScopeKind:
    """What one scope shows; `fixed` is a range that does not follow the data."""

    title: str
    unit: str
    weight: int
    lines: Callable[[Rig], tuple[Line, ...]]
    fixed: tuple[float, float] | None = None


SCOPES: dict[str, ScopeKind] = {
    "voltage": ScopeKind("V", "mV", 10, _voltage),
    "total": ScopeKind("I total", "pA", 20, _total),
    "ionic": ScopeKind("I ionic", "pA", 12, _ionic),
    "open": ScopeKind("P open", "", 10, _open, (-0.04, 1.04)),
}


class _ViewBox(pg.ViewBox):
    """The wheel zooms time, with Ctrl the height; dragging pans."""

    def wheelEvent(self, event, axis=None):  # type: ignore[no-untyped-def]
        ctrl = event.modifiers() & Qt.KeyboardModifier.ControlModifier
        super().wheelEvent(event, axis=1 if ctrl else 0)


@dataclass
class Scope:
    """One plot and what is drawn in it."""

    kind: ScopeKind
    plot: pg.PlotItem
    grid: Grid
    item: TraceItem = field(default_factory=TraceItem)
    texts: list[pg.TextItem] = field(default_factory=list)
    cursors: list[pg.InfiniteLine] = field(default_factory=list)

    def set_range(self, low: float, high: float, pad: float = 0.06) -> None:
        """Show these values, with room around them, in a unit that reads well."""
        pad = pad * (high - low) or (0.0 if high > low else 1.0)
        self.plot.setYRange(low - pad, high + pad, padding=0)
        if self.kind.unit == "pA":
            nano = max(abs(low), abs(high)) >= NANO_FROM_pA
            self.plot.getAxis("left").setScale(1e-3 if nano else 1.0)
            self.plot.setLabel("left", f"{self.kind.title} ({'nA' if nano else 'pA'})")


class ScopeStack(pg.GraphicsLayoutWidget):
    """Four scopes above each other; sweeps are drawn as they grow."""

    cursors_moved = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.paints = 0
        self.header: Header | None = None
        self._family: dict[int, dict[str, Trace]] = {}
        self._ghost: dict[int, dict[str, Trace]] = {}
        self._live: tuple[int, int, dict[str, Trace]] | None = None  # sweep, samples, traces
        self._theme = theme
        self._colours: list[QColor] = []
        self.scopes = {name: self._make(kind) for name, kind in SCOPES.items()}
        self._link()
        self.set_theme(theme)

    # ---- building --------------------------------------------------------------------------

    def _make(self, kind: ScopeKind) -> Scope:
        plot = pg.PlotItem(viewBox=_ViewBox(), enableMenu=False)
        row = self.ci.layout.rowCount()
        self.addItem(plot, row=row, col=0)
        self.ci.layout.setRowStretchFactor(row, kind.weight)
        plot.hideButtons()
        plot.disableAutoRange()
        plot.getAxis("left").enableAutoSIPrefix(False)
        plot.setLabel("left", f"{kind.title} ({kind.unit})" if kind.unit else kind.title)
        scope = Scope(kind, plot, Grid(plot))
        plot.addItem(scope.item)
        if kind.fixed:
            plot.setYRange(*kind.fixed, padding=0)
        for number in range(2):
            cursor = pg.InfiniteLine(angle=90, movable=True, name=str(number + 1))
            cursor.sigPositionChanged.connect(self._cursor_dragged)
            plot.addItem(cursor, ignoreBounds=True)
            scope.cursors.append(cursor)
        return scope

    def _link(self) -> None:
        scopes = list(self.scopes.values())
        for scope in scopes[:-1]:
            scope.plot.setXLink(scopes[-1].plot)
            scope.plot.getAxis("bottom").setStyle(showValues=False)
        scopes[-1].plot.setLabel("bottom", "time (ms)")
        self.ci.layout.setSpacing(2)
        self.ci.layout.setContentsMargins(2, 4, 10, 2)
        scopes[-1].plot.setXRange(0, 60, padding=0)

    def set_theme(self, theme: Theme) -> None:
        """Draw in another look."""
        self._theme = theme
        self.setBackground(theme.plot_background)
        for scope in self.scopes.values():
            style_plot(scope.plot, scope.grid, theme)
            scope.plot.getAxis("left").setWidth(round(theme.font_px * 4.6))
            scope.item.set_style(theme.trace_px, theme.trace_px > 1.0)
            for cursor, colour in zip(scope.cursors, (theme.cursor_1, theme.cursor_2), strict=True):
                cursor.setPen(pg.mkPen(colour, width=1.2, style=Qt.PenStyle.DashLine))
                cursor.setHoverPen(pg.mkPen(colour, width=3))
        if self.header is not None:
            self._colours = sweep_colours(self.header.protocol.n_sweeps, theme)
        self._redraw()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Count the paints, for the read-out of frames a second."""
        self.paints += 1
        super().paintEvent(event)

    # ---- data ------------------------------------------------------------------------------

    def begin(self, header: Header, *, keep_view: bool = False) -> None:
        """A new run: nothing is drawn yet."""
        self._live, self._family = None, {}
        same = self.header is not None and self.header.protocol == header.protocol
        self.header = header
        self._colours = sweep_colours(header.protocol.n_sweeps, self._theme)
        if not (same and keep_view):
            self._place(header.protocol)
        self._redraw()

    def grew(self, chunk: Chunk) -> None:
        """More samples of the live sweep."""
        if self.header is None:
            return
        if self._live is None or self._live[0] != chunk.sweep:
            self._dim_newest()
            self._live = (chunk.sweep, 0, self._new_traces(chunk))
            self._show_front(*self._live[::2])
        sweep, done, traces = self._live
        for row, name in enumerate(chunk.names):
            if name in traces:
                traces[name].append(chunk.values[row, done : chunk.last])
        self._live = (sweep, chunk.last, traces)
        for scope in self.scopes.values():
            scope.item.live_grew()
        self._widen(chunk, done)

    def finish(self, sweep: Sweep) -> None:
        """The live sweep is done: it joins the family, in front until the next one begins."""
        if self._live is None or self._live[0] != sweep.index or self._live[1] != sweep.values.shape[1]:
            self._dim_newest()
            self._live = (sweep.index, sweep.values.shape[1], self._traces_of(sweep))
        self._family[sweep.index], self._live = self._live[2], None
        self._show_front(sweep.index, self._family[sweep.index])
        self._label_all()

    def show_family(self, header: Header, sweeps: tuple[Sweep, ...], *, keep_view: bool) -> None:
        """Show finished sweeps at once."""
        self.begin(header, keep_view=keep_view)
        self._family = {sweep.index: self._traces_of(sweep) for sweep in sweeps}
        self._redraw()
        if not keep_view:
            self.autoscale()

    def drop_live(self) -> None:
        """Forget an unfinished sweep."""
        if self._live is not None:
            self._live = None
            self._redraw()

    def show_command(self, rig: Rig, protocol: Protocol) -> None:
        """Show what the protocol will command; nothing was run yet."""
        self.begin(Header(rig, protocol, 0, ""))
        dt_ms = 1.0 / protocol.fs_kHz
        shown = range(min(protocol.n_sweeps, MAX_PREVIEWED))
        self._family = {k: {"v_mV": Trace.of(protocol.command_mV(k), dt_ms=dt_ms)} for k in shown}
        self._redraw()

    def set_ghost(self, sweeps: tuple[Sweep, ...]) -> None:
        """Draw these sweeps faintly behind, to compare with."""
        self._ghost = {sweep.index: self._traces_of(sweep) for sweep in sweeps}
        self._redraw()

    def autoscale(self) -> None:
        """Fit every scope to its data."""
        if self.header is None:
            return
        end_ms = max(self.header.protocol.duration_ms(k) for k in (0, self.header.protocol.n_sweeps - 1))
        self.scopes["open"].plot.setXRange(0, end_ms, padding=0)
        for scope in self.scopes.values():
            found = self._data_range(scope)
            if scope.kind.fixed is None and found is not None:
                scope.set_range(*found)

    def _place(self, protocol: Protocol) -> None:
        """Time axis, command range and cursors, from the protocol alone."""
        ends = [protocol.duration_ms(k) for k in (0, protocol.n_sweeps - 1)]
        self.scopes["open"].plot.setXRange(0, max(ends), padding=0)
        levels = [v for k in range(protocol.n_sweeps) for s in protocol.stretches(k) for v in (s.start_mV, s.end_mV)]
        self.scopes["voltage"].set_range(min(levels), max(levels))
        for scope in self.scopes.values():
            if scope.kind.unit == "pA":
                scope.set_range(-10.0, 10.0)
        for number, fraction in enumerate((1 / 3, 2 / 3)):
            marks = protocol.marks[number : number + 1]
            middle = sum(protocol.window(marks[0].name, 0)) / 2 / protocol.fs_kHz if marks else 0.0
            self.move_cursor(number, middle or fraction * max(ends))

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
        return [line for kind in SCOPES.values() for line in kind.lines(self.header.rig)]

    # ---- drawing ---------------------------------------------------------------------------

    def _redraw(self) -> None:
        """Draw everything anew: what is behind, and the newest sweep in front of it."""
        if self.header is None:
            return
        newest = self._newest()
        for scope in self.scopes.values():
            lines = scope.kind.lines(self.header.rig)
            ghosts = [self._ghosted(t[x.trace]) for x in lines for t in self._ghost.values() if x.trace in t]
            behind = [
                self._shown(line, sweep, traces[line.trace], bright=False)
                for sweep, traces in sorted(self._family.items())
                for line in lines
                if line.trace in traces and sweep != newest
            ]
            scope.item.set_finished([*ghosts, *behind])
        if self._live is not None:
            self._show_front(*self._live[::2])
        else:
            self._show_front(newest, self._family.get(newest, {}))
        self._label_all()

    def _newest(self) -> int:
        """The sweep that is drawn in front when none is live; -1 if there is none."""
        return max(self._family, default=-1) if self._live is None else -1

    def _dim_newest(self) -> None:
        """Move the sweep in front behind, to make room for the next one."""
        newest = self._newest()
        if self.header is None or newest < 0:
            return
        for scope in self.scopes.values():
            for line in scope.kind.lines(self.header.rig):
                trace = self._family[newest].get(line.trace)
                if trace is not None:
                    scope.item.add_finished(self._shown(line, newest, trace, bright=False))

    def _show_front(self, sweep: int, traces: dict[str, Trace]) -> None:
        """Draw one sweep in front of all others."""
        assert self.header is not None
        for scope in self.scopes.values():
            lines = [line for line in scope.kind.lines(self.header.rig) if line.trace in traces]
            scope.item.set_live([self._shown(x, sweep, traces[x.trace], bright=True) for x in lines])

    def _shown(self, line: Line, sweep: int, trace: Trace, *, bright: bool) -> Shown:
        wide = 1.5 * self._theme.trace_px if bright else None
        if line.channel:
            colour = self._channel_colours()[line.channel]
            return Shown(trace, colour, 1.0 if bright else DIM, wide, z=float(bright))
        if line.trace == "command_mV":
            return Shown(trace, QColor(self._theme.dim_text), 0.8 if bright else DIM, None)
        live = bright and self._live is not None and self._live[0] == sweep
        colour = QColor(self._theme.text) if live else self._colours[sweep % len(self._colours)]
        return Shown(trace, colour, 1.0, wide, z=float(bright))

    def _ghosted(self, trace: Trace) -> Shown:
        return Shown(trace, QColor(self._theme.dim_text), GHOST, None, z=-1.0)

    def _channel_colours(self) -> dict[str, QColor]:
        assert self.header is not None
        return channel_colours(self.header.rig, self._theme)

    def _label_all(self) -> None:
        """Names on the lines of the newest sweep, each where it is farthest from the others."""
        assert self.header is not None
        traces = self._family.get(max(self._family, default=-1), {})
        for scope in self.scopes.values():
            lines = [line for line in scope.kind.lines(self.header.rig) if line.label and line.trace in traces]
            places = free_places([traces[line.trace].values for line in lines])
            while len(scope.texts) > len(lines):
                scope.plot.removeItem(scope.texts.pop())
            while len(scope.texts) < len(lines):
                scope.texts.append(pg.TextItem())
                scope.plot.addItem(scope.texts[-1], ignoreBounds=True)
            for text, line, place in zip(scope.texts, lines, places, strict=True):
                self._label(text, line, traces[line.trace], *place)

    def _label(self, text: pg.TextItem, line: Line, trace: Trace, at: int, below: bool) -> None:
        ground = QColor(self._theme.plot_background)
        colour = self._channel_colours().get(line.channel, QColor(self._theme.dim_text))
        text.setText(line.label, readable(colour, ground))
        text.setAnchor((0.5, 0.0 if below else 1.0))
        text.setPos(trace.t0_ms + at * trace.dt_ms, float(trace.values[at]))

    def _data_range(self, scope: Scope) -> tuple[float, float] | None:
        blanked = self._transients_ms() if scope.kind is SCOPES["total"] else ()
        return scope.item.y_range(-np.inf, np.inf, blanked=blanked)

    def _transients_ms(self) -> tuple[tuple[float, float], ...]:
        """When capacitive transients tower over everything else."""
        assert self.header is not None
        if self.header.rig.amplifier.ideal:
            return ()
        fs_kHz = self.header.protocol.fs_kHz
        starts = [stretch.first / fs_kHz for stretch in self.header.protocol.stretches(0)]
        return tuple((t, t + TRANSIENT_MS) for t in starts)

    def _widen(self, chunk: Chunk, first: int) -> None:
        """Let the ranges of currents grow with the newest samples, in leaps, so that they rarely move."""
        assert self.header is not None
        time_ms = np.arange(first, chunk.last) / self.header.protocol.fs_kHz
        calm = np.ones(time_ms.size, bool)
        for start, stop in self._transients_ms():
            calm &= (time_ms < start) | (time_ms >= stop)
        for scope in self.scopes.values():
            rows = [chunk.names.index(line.trace) for line in scope.kind.lines(self.header.rig)]
            if scope.kind.unit != "pA" or not rows or not calm.any():
                continue
            new = chunk.values[rows, first : chunk.last][:, calm]
            low, high = scope.plot.viewRange()[1]
            least, most = float(new.min()), float(new.max())
            if least < low or most > high:
                leap = 0.3 * (max(most, high) - min(least, low))
                scope.set_range(least - leap if least < low else low, most + leap if most > high else high, pad=0.0)

    # ---- cursors ---------------------------------------------------------------------------

    def cursor_ms(self, number: int) -> float:
        """Time of a cursor, 0 or 1."""
        return float(self.scopes["open"].cursors[number].value())

    def move_cursor(self, number: int, time_ms: float) -> None:
        """Put a cursor at a time, in all scopes."""
        for scope in self.scopes.values():
            cursor = scope.cursors[number]
            cursor.blockSignals(True)
            cursor.setValue(time_ms)
            cursor.blockSignals(False)
        self.cursors_moved.emit()

    def _cursor_dragged(self, cursor: pg.InfiniteLine) -> None:
        self.move_cursor(int(cursor.name()) - 1, cursor.value())


def style_plot(plot: pg.PlotItem, grid: Grid, theme: Theme) -> None:
    """Axes and grid of a plot in the theme's colours."""
    font = QFont()
    font.setPixelSize(round(0.9 * theme.font_px))
    for side in ("left", "bottom"):
        axis = plot.getAxis(side)
        axis.setPen(theme.axis)
        axis.setTextPen(theme.axis)
        axis.setTickFont(font)
        axis.label.setFont(font)
        axis.setCacheMode(axis.CacheMode.DeviceCoordinateCache)  # a growing trace touches its edge
    grid.set_colour(QColor(theme.grid))


def free_places(lines: list[NDArray[np.float32]]) -> list[tuple[int, bool]]:
    """For each of some lines of one length, the sample to name it at, and whether to do so below it.

    The place is where the line is farthest from all others and not beside an earlier name;
    a line among others is named on its far side.
    """
    if not lines:
        return []
    n = lines[0].size
    candidates = np.unique(np.linspace(0.04 * n, 0.93 * n, 60).astype(int))
    values = np.array([np.nan_to_num(line[candidates]) for line in lines], float)
    reach = float(np.ptp(values)) or 1.0
    places: list[tuple[int, bool]] = []
    for own, line in enumerate(values):
        others = np.delete(values, own, axis=0)
        apart = np.min(np.abs(others - line), axis=0) / reach if len(others) else np.ones(candidates.size)
        for at, _ in places:
            apart[np.abs(candidates - at) < NAME_WIDTH * n] -= 1.0
        best = int(np.argmax(np.minimum(apart, 0.3) + 0.05 * np.abs(line) / reach))
        below = bool(len(others)) and float(np.median(values[:, best])) > line[best]
        places.append((int(candidates[best]), below))
    return places
