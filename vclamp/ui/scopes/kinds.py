"""What each scope shows, and the plot it shows it in."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont

from vclamp.model.rig import Rig
from vclamp.ui.scopes.grid import Grid
from vclamp.ui.scopes.trace_item import TraceItem
from vclamp.ui.theme import Theme

NANO_FROM_pA = 10_000.0


@dataclass(frozen=True)
class Line:
    """A trace in a scope; without a channel it takes the sweep's colour."""

    trace: str
    label: str = ""
    channel: str = ""


def _voltage(rig: Rig) -> tuple[Line, ...]:
    return (Line("v_mV"),) if rig.amplifier.ideal else (Line("command_mV", "command"), Line("v_mV", "membrane"))


def _total(rig: Rig) -> tuple[Line, ...]:
    return (Line("i_pA"),)


def _ionic(rig: Rig) -> tuple[Line, ...]:
    return tuple(Line(f"i_{c.name}_pA", f"I {c.title}", c.name) for c in rig.cell.channels)


def _open(rig: Rig) -> tuple[Line, ...]:
    return tuple(Line(f"p_open_{c.name}", c.title, c.name) for c in rig.cell.channels if c.is_gated)


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
    cursors: list[pg.InfiniteLine] = field(default_factory=list)

    def set_range(self, low: float, high: float, pad: float = 0.06) -> None:
        """Show these values, with room around them, in a unit that reads well."""
        pad = pad * (high - low) or (0.0 if high > low else 1.0)
        self.plot.setYRange(low - pad, high + pad, padding=0)
        if self.kind.unit == "pA":
            nano = max(abs(low), abs(high)) >= NANO_FROM_pA
            axis, scale = self.plot.getAxis("left"), 1e-3 if nano else 1.0
            if axis.scale != scale:
                axis.setScale(scale)
                self.plot.setLabel("left", f"{self.kind.title} ({'nA' if nano else 'pA'})")


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
