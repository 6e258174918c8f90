"""The plot of a scope, and what it shows before anything was run."""

from dataclasses import dataclass, field

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QColor, QFont, QFontMetricsF

from vclamp.model.exam import hidden
from vclamp.model.protocol import Protocol
from vclamp.model.record import Header
from vclamp.model.rig import Rig
from vclamp.publish.scopes import SCOPES, Line, ScopeKind, line_key, time_unit, title_of
from vclamp.publish.traces import ROOM, reading_unit, with_room
from vclamp.ui.newest import Kept
from vclamp.ui.scopes.grid import Grid
from vclamp.ui.scopes.store import Trace
from vclamp.ui.scopes.trace_item import TraceItem
from vclamp.ui.theme import Theme

Array = NDArray[np.float64]

LEAST_PX = 40.0  # a scope that is lower has not been laid out yet
FREE_mV = (-100.0, 50.0)  # of a voltage that is not clamped, to begin with
FIRST_SHOWN = ("voltage", "total", "ionic", "open", "inside")


def command(rig: Rig, protocol: Protocol, sweep: int) -> tuple[str, Array]:
    """What is commanded at every sample of a sweep, a voltage or a current, and the trace that it becomes."""
    if not rig.amplifier.clamps_current:
        return "command_mV" if hidden(rig) else "v_mV", protocol.command_mV(sweep)
    return "i_pA", rig.amplifier.bias_pA + protocol.course(sweep).command_pA


def first_range(kind: ScopeKind, rig: Rig, protocol: Protocol) -> tuple[float, float]:
    """The heights to begin with, before there are data."""
    if kind.fixed is not None:
        return kind.fixed
    if kind is SCOPES["inside"]:
        return 0.0, max((ion.in_mM for ion in rig.solutions.ions), default=1.0)
    free, courses = rig.amplifier.clamps_current, [protocol.course(k) for k in range(protocol.n_sweeps)]
    if kind is SCOPES["voltage"]:
        return FREE_mV if free else _extremes([v for c in courses for v in (c.start_mV, c.end_mV)])
    low, high = _extremes([i for c in courses for i in (c.start_pA, c.end_pA)])
    if kind is SCOPES["total"] and free and high > low:
        return rig.amplifier.bias_pA + low, rig.amplifier.bias_pA + high
    return -10.0, 10.0


def _extremes(values: list[Array]) -> tuple[float, float]:
    return min(float(v.min()) for v in values), max(float(v.max()) for v in values)


class TimeViewBox(pg.ViewBox):
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
    named: list[Trace] = field(default_factory=list)  # by the texts
    resting: QTimer | None = None  # until the texts look for new places
    cursors: list[pg.InfiniteLine] = field(default_factory=list)
    shown: bool = False
    title: str = ""
    listed: Kept = field(default_factory=Kept)  # its lines

    def __post_init__(self) -> None:
        """A title that has no room becomes shorter."""
        self.plot.getViewBox().sigResized.connect(lambda _: self._write_title())

    def lines(self, rig: Rig) -> tuple[Line, ...]:
        """What is drawn in it of a rig."""
        found: tuple[Line, ...] = self.listed.made(self.kind, line_key(rig), lambda: self.kind.lines(rig))
        return found

    def set_title(self, title: str) -> None:
        """Name what is on the left axis."""
        if title != (self.title or self.kind.title):
            self.title = title
            self._write_title()

    def _write_title(self) -> None:
        title, unit = self.title or self.kind.title, self.kind.unit
        axis, room_px = self.plot.getAxis("left"), self.plot.getViewBox().height()
        if unit == "pA" and axis.scale != 1.0:
            unit = "nA"
        texts = [f"{each} ({unit})" if unit else each for each in (title, title.partition(" ")[0])]
        metrics = QFontMetricsF(axis.label.font())
        fits = metrics.horizontalAdvance(texts[0]) <= max(room_px, LEAST_PX)
        text = texts[0] if fits else texts[1]
        if text != axis.labelText:
            self.plot.setLabel("left", text)

    def set_range(self, low: float, high: float, pad: float = ROOM) -> None:
        """Show these values, with room around them, in a unit that reads well."""
        self.plot.setYRange(*with_room(low, high, self.kind.unit, pad), padding=0)
        axis, (_, scale) = self.plot.getAxis("left"), reading_unit(self.kind.unit, low, high)
        if axis.scale != scale:
            axis.setScale(scale)
            self._write_title()

    def set_last(self, last: bool) -> None:
        """Only the last one has numbers and a name on its time axis."""
        axis = self.plot.getAxis("bottom")
        axis.setStyle(showValues=last)
        axis.showLabel(last)

    def set_time_unit(self, unit: str, per_ms: float) -> None:
        """Write times in this unit."""
        axis = self.plot.getAxis("bottom")
        if axis.scale != per_ms or not axis.labelText:
            was_last = bool(axis.style["showValues"])
            axis.setScale(per_ms)
            axis.setLabel(f"time ({unit})")
            axis.showLabel(was_last)


def longest_ms(protocol: Protocol) -> float:
    """How long a sweep can be: the first or the last one."""
    return max(protocol.duration_ms(sweep) for sweep in (0, protocol.total_sweeps - 1))


def place_anew(scope: Scope, header: Header) -> None:
    """Title, unit of time and first range of a scope, from what will be run in it."""
    scope.set_title(title_of(scope.kind, header.rig))
    scope.set_time_unit(*time_unit(longest_ms(header.protocol)))
    scope.set_range(*first_range(scope.kind, header.rig, header.protocol))


def label_font(theme: Theme) -> QFont:
    """The font of what is written into plots."""
    font = QFont()
    font.setPixelSize(round(0.9 * theme.font_px))
    return font


def style_plot(plot: pg.PlotItem, grid: Grid, theme: Theme) -> None:
    """Axes and grid of a plot in the theme's colours."""
    font = label_font(theme)
    for side in ("left", "bottom"):
        axis = plot.getAxis(side)
        axis.setPen(theme.axis)
        axis.setTextPen(theme.axis)
        axis.setTickFont(font)
        axis.label.setFont(font)
        axis.setCacheMode(axis.CacheMode.DeviceCoordinateCache)  # a growing trace touches its edge
    grid.set_colour(QColor(theme.grid))
