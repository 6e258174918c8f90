"""What each scope shows, and the plot it shows it in."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont

from vclamp.model.protocol import Protocol
from vclamp.model.record import has_gating_current
from vclamp.model.rig import Rig
from vclamp.ui.panels.words import ion_text
from vclamp.ui.scopes.grid import Grid
from vclamp.ui.scopes.trace_item import TraceItem
from vclamp.ui.theme import Theme

Array = NDArray[np.float64]

NANO_FROM_pA = 10_000.0
LEAST_SPANS = {"mV": 2.0, "pA": 0.1, "mM": 0.01}  # rounding noise is not worth a look


@dataclass(frozen=True)
class Line:
    """A trace in a scope; without a channel it takes its own colour, or the sweep's."""

    trace: str
    label: str = ""
    channel: str = ""


def _voltage(rig: Rig) -> tuple[Line, ...]:
    exact = rig.amplifier.ideal and not rig.amplifier.unseen_mV
    if exact or rig.amplifier.clamps_current:
        return (Line("v_mV"),)
    return (Line("command_mV", "command"), Line("v_mV", "membrane"))


def _total(rig: Rig) -> tuple[Line, ...]:
    return (Line("i_pA"),)


def _subtracted(rig: Rig) -> tuple[Line, ...]:
    return (Line("i_subtracted_pA"),)


def _membrane(rig: Rig) -> tuple[Line, ...]:
    if not rig.amplifier.shows_another_current or rig.amplifier.clamps_current:
        return ()
    return (Line("i_pA", "recorded"), Line("i_membrane_pA", "true"))


def _ionic(rig: Rig) -> tuple[Line, ...]:
    cell = rig.cell
    lines = [Line(f"i_{c.name}_pA", f"I {c.title}", c.name) for c in cell.channels]
    lines += [Line(f"i_{b.name}_pA", f"I {b.name}", b.name) for b in cell.branches]
    return (*lines, *([Line("i_pump_pA", "I pump", "pump")] if cell.pump is not None else []))


def _open(rig: Rig) -> tuple[Line, ...]:
    return tuple(Line(f"p_open_{c.name}", c.title, c.name) for c in rig.cell.channels if c.is_gated)


def _gates(rig: Rig) -> tuple[Line, ...]:
    alone = sum(bool(c.gates) for c in rig.cell.channels) == 1
    return tuple(
        Line(f"gate_{c.name}_{gate.name}", gate.name if alone else f"{c.title} {gate.name}")
        for c in rig.cell.channels
        if rig.cell.scheme_of(c) is None
        for gate in c.gates
    )


def _gating(rig: Rig) -> tuple[Line, ...]:
    return tuple(
        Line(f"i_gating_{c.name}_pA", f"I gating {c.title}", c.name) for c in rig.cell.channels if has_gating_current(c)
    )


def _states(rig: Rig) -> tuple[Line, ...]:
    channels = rig.cell.channels if rig.cell.record_states else ()
    schemes = [(c, scheme) for c in channels if (scheme := rig.cell.scheme_of(c)) is not None]
    return tuple(
        Line(f"state_{c.name}_{state}", state if len(schemes) == 1 else f"{c.title} {state}")
        for c, scheme in schemes
        for state in scheme.states
    )


def _inside(rig: Rig) -> tuple[Line, ...]:
    ions = rig.solutions.ions if rig.cell.volume_pL is not None else ()
    return tuple(Line(f"in_{ion.name}_mM", ion_text(ion.name, ion.z)) for ion in ions)


@dataclass(frozen=True)
class ScopeKind:
    """What one scope shows.

    `fixed` is a range that does not follow the data, `menu` its long name; `charging` says that the
    current which charges the membrane towers in it over everything else, `legs` that only the legs of
    leak subtraction give it something.
    """

    title: str
    unit: str
    weight: int
    lines: Callable[[Rig], tuple[Line, ...]]
    fixed: tuple[float, float] | None = None
    menu: str = ""
    charging: bool = False
    legs: bool = False

    def suits(self, rig: Rig, protocol: Protocol) -> bool:
        """Whether there will be something in it."""
        return bool(self.lines(rig)) and (protocol.leak is not None or not self.legs)


SCOPES: dict[str, ScopeKind] = {
    "voltage": ScopeKind("V", "mV", 10, _voltage, menu="Voltage"),
    "total": ScopeKind("I total", "pA", 7, _total, menu="Total current", charging=True),
    "ionic": ScopeKind("I ionic", "pA", 12, _ionic, menu="Currents of channels and pump"),
    "open": ScopeKind("P open", "", 10, _open, (-0.04, 1.04), "Open probabilities"),
    "gates": ScopeKind("gates", "", 10, _gates, (-0.04, 1.04), "Gates"),
    "gating": ScopeKind("I gating", "pA", 10, _gating, menu="Gating currents"),
    "states": ScopeKind("states", "", 12, _states, (-0.04, 1.04), "States of channels"),
    "inside": ScopeKind("inside", "mM", 12, _inside, menu="Concentrations inside"),
    "membrane": ScopeKind("I true", "pA", 12, _membrane, menu="True and recorded current", charging=True),
    "subtracted": ScopeKind("I − leak", "pA", 12, _subtracted, menu="Current after leak subtraction", legs=True),
}
FREE_mV = (-100.0, 50.0)  # of a voltage that is not clamped, to begin with
HERO_WEIGHT = 20  # of the one scope that answers to what the amplifier does
FIRST_SHOWN = ("voltage", "total", "ionic", "open", "inside")


def is_possible(name: str, rig: Rig, protocol: Protocol) -> bool:
    """Whether there is anything for a scope, if need be after recording the states of channels."""
    if name == "states":
        return any(rig.cell.scheme_of(channel) is not None for channel in rig.cell.channels)
    return SCOPES[name].suits(rig, protocol)


def hero(rig: Rig) -> str:
    """The scope that deserves the most room: the current under voltage clamp, else the voltage."""
    return "voltage" if rig.amplifier.clamps_current else "total"


def title_of(kind: ScopeKind, rig: Rig) -> str:
    """What stands on its axis: a current clamp's current is the command."""
    return "I injected" if kind is SCOPES["total"] and rig.amplifier.clamps_current else kind.title


def command(rig: Rig, protocol: Protocol, sweep: int) -> tuple[str, Array]:
    """What is commanded at every sample of a sweep, a voltage or a current, and the trace that it becomes."""
    if not rig.amplifier.clamps_current:
        return "v_mV", protocol.command_mV(sweep)
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


def time_unit(duration_ms: float) -> tuple[str, float]:
    """The unit that suits a time axis, and how many of it are 1 ms."""
    if duration_ms < 10_000.0:
        return "ms", 1.0
    return ("s", 1e-3) if duration_ms < 600_000.0 else ("min", 1.0 / 60_000.0)


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
    shown: bool = False
    title: str = ""

    def set_title(self, title: str) -> None:
        """Name what is on the left axis."""
        if title != (self.title or self.kind.title):
            self.title = title
            self._write_title()

    def _write_title(self) -> None:
        title, unit = self.title or self.kind.title, self.kind.unit
        if unit == "pA" and self.plot.getAxis("left").scale != 1.0:
            unit = "nA"
        self.plot.setLabel("left", f"{title} ({unit})" if unit else title)

    def set_range(self, low: float, high: float, pad: float = 0.06) -> None:
        """Show these values, with room around them, in a unit that reads well."""
        lacking = max(LEAST_SPANS.get(self.kind.unit, 0.0) - (high - low), 0.0)
        pad = pad * (high - low) + 0.5 * lacking or (0.0 if high > low else 1.0)
        self.plot.setYRange(low - pad, high + pad, padding=0)
        if self.kind.unit == "pA":
            nano = max(abs(low), abs(high)) >= NANO_FROM_pA
            axis, scale = self.plot.getAxis("left"), 1e-3 if nano else 1.0
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
