"""What a channel does at every voltage, as curves with a line at the voltage of now that can be dragged."""

from collections.abc import Mapping

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from vclamp.analysis.channel_curves import (
    V_mV,
    charge_e,
    gate_curves,
    open_curve,
    pore_curve,
    scheme_of,
    time_constants_ms,
)
from vclamp.analysis.results import Curve
from vclamp.model.channel import Channel
from vclamp.model.ions import Solutions
from vclamp.ui.panels.boxes import ChoiceBox
from vclamp.ui.scopes.curves import CurvePlot, Plotted
from vclamp.ui.scopes.kinds import label_font
from vclamp.ui.theme import Theme, readable, sweep_colours

Array = NDArray[np.float64]
Curves = dict[str, Array]  # by what is written on them

TIMES, RATES, CHARGE = "times", "rates", "charge"
BELOW = {TIMES: "time constants", RATES: "rates α and β", CHARGE: "gating charge"}
AXES = {TIMES: "τ (ms)", RATES: "rate (/ms)", CHARGE: "charge (e)"}
V_AXIS = "V (mV)"
ROOM = 0.14  # of the heights, above and below, for names
WIDE = 50.0  # ratio of times from which on their axis is logarithmic
INNER = 0.4  # of the axis, on either side of its middle, where names are written


class VoltagePlot(CurvePlot):
    """Curves against the voltage, with a line at the one of now."""

    dragged = Signal(float)

    def __init__(self, theme: Theme, y_label: str) -> None:
        self._line = pg.InfiniteLine(0.0, angle=90, movable=True)  # the base class sets the theme as it is made
        self._names: list[pg.TextItem] = []
        super().__init__(theme, V_AXIS, y_label)
        self._line.setZValue(10)
        self.addItem(self._line, ignoreBounds=True)
        self.getPlotItem().getViewBox().setDefaultPadding(ROOM)
        self._line.sigDragged.connect(lambda line: self.dragged.emit(float(line.value())))

    def set_theme(self, theme: Theme) -> None:
        """Draw in another look."""
        super().set_theme(theme)
        self._line.setPen(pg.mkPen(theme.text, width=max(1.0, theme.trace_px), style=Qt.PenStyle.DashLine))
        self._line.setHoverPen(pg.mkPen(theme.text, width=2.0 + theme.trace_px))

    def show_voltage(self, v_mV: float) -> None:
        """Put the line at a voltage."""
        self._line.setValue(v_mV)

    def show_lines(self, curves: Mapping[str, Array], colour: QColor) -> None:
        """Draw some curves, the first one in this colour, each with its name where it is farthest from the others."""
        ground, others = QColor(self._theme.plot_background), sweep_colours(max(len(curves) - 1, 1), self._theme)
        colours = [colour, *(readable(other, ground) for other in others)]
        self.show_curves(
            tuple(
                Plotted(Curve(label, "v_mV", "", V_mV, y), "", ink)
                for (label, y), ink in zip(curves.items(), colours, strict=False)
            )
        )
        for text in self._names:
            self.removeItem(text)
        self._names = []
        seen = self._seen(list(curves.values()))
        for number, (label, ink) in enumerate(zip(curves, colours, strict=False)):
            k = _free_place(seen, number)
            if k is not None:
                text = pg.TextItem(label, readable(ink, ground), anchor=(0.5, 1.05))
                text.setFont(label_font(self._theme))
                text.setPos(V_mV[k], seen[number][k])
                self.addItem(text, ignoreBounds=True)
                self._names.append(text)

    def _seen(self, curves: list[Array]) -> list[Array]:
        """Where the points of curves are drawn."""
        if not self._log[1]:
            return curves
        with np.errstate(divide="ignore", invalid="ignore"):
            return [np.where(y > 0.0, np.log10(y), np.nan) for y in curves]


def _free_place(curves: list[Array], number: int) -> int | None:
    """The point of a curve that is farthest from all others, none of its ends; None if it has no point."""
    mine, finite = curves[number], np.isfinite(curves[number])
    inner = finite & (np.abs(V_mV - V_mV.mean()) < INNER * np.ptp(V_mV))
    if not inner.any():
        return None
    apart = np.full(mine.shape, np.inf)
    for other, y in enumerate(curves):
        if other != number:
            apart = np.fmin(apart, np.abs(y - mine))
    if not np.isfinite(apart[inner]).any():  # alone
        apart = mine - np.nanmin(mine[inner])
    return int(np.argmax(np.where(inner, np.nan_to_num(apart, posinf=0.0), -1.0)))


class GatingPage(QWidget):
    """Steady states above; below time constants, rates or gating charge."""

    dragged = Signal(float)
    asked = Signal()  # for other curves below

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.above, self.below = VoltagePlot(theme, "open"), VoltagePlot(theme, AXES[TIMES])
        self.which = ChoiceBox("What is drawn below", {TIMES: BELOW[TIMES]})
        self.nothing = QLabel("No gates and no states: it is always open.")
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.which.activated.connect(self.asked)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(4)
        for widget, stretch in ((self.above, 1), (self.which, 0), (self.below, 1), (self.nothing, 1)):
            column.addWidget(widget, stretch)
        for plot in (self.above, self.below):
            plot.dragged.connect(self.dragged)
        self.above.getPlotItem().getViewBox().setLimits(yMin=-0.2, yMax=1.2)

    def set_theme(self, theme: Theme) -> None:
        """Draw in another look."""
        self.above.set_theme(theme)
        self.below.set_theme(theme)

    def show_channel(self, channel: Channel, solutions: Solutions, colour: QColor, v_mV: float) -> None:
        """Draw a channel's gating."""
        gated = channel.is_gated
        for widget in (self.above, self.below, self.which):
            widget.setVisible(gated)
        self.nothing.setVisible(not gated)
        if not gated:
            return
        offered = [TIMES, *([RATES] if channel.gates else []), *([CHARGE] if any(_charges(channel)) else [])]
        self.which.fill({BELOW[name]: name for name in offered})
        below = str(self.which.currentData())
        self.above.show_lines(opening(channel, solutions), colour)
        self.below.set_labels(V_AXIS, AXES[below])
        curves = _MADE[below](channel, solutions)
        self.below.set_log(False, below == RATES or (below == TIMES and _is_wide(curves)))
        self.below.show_lines(curves, colour)
        self.show_voltage(v_mV)

    def show_voltage(self, v_mV: float) -> None:
        """Put the lines at a voltage."""
        for plot in (self.above, self.below):
            plot.show_voltage(v_mV)


class PorePage(QWidget):
    """The current of the open pore."""

    dragged = Signal(float)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.plot, self.said = VoltagePlot(theme, "I (pA)"), QLabel(wordWrap=True)
        self.said.setProperty("role", "dim")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.said)
        column.addWidget(self.plot, 1)
        self.plot.dragged.connect(self.dragged)

    def show_channel(self, channel: Channel, solutions: Solutions, colour: QColor, v_mV: float) -> None:
        """Draw the current–voltage relation."""
        curve = pore_curve(channel, solutions)
        whose = "one open channel" if curve.of_one else "all channels, open"
        self.said.setText(f"Current of {whose}, in the solutions of now ({channel.pore.type} pore).")
        blocked = bool(np.nanmax(np.abs(curve.free_pA - curve.blocked_pA), initial=0.0))
        lines = {"i" if not blocked else "blocked": curve.blocked_pA}
        self.plot.show_lines({**lines, "free": curve.free_pA} if blocked else lines, colour)
        self.plot.set_labels(V_AXIS, "i (pA)" if curve.of_one else "I (pA)")
        self.plot.show_voltage(v_mV)


def opening(channel: Channel, solutions: Solutions) -> Curves:
    """Open probability and the gates' open shares in the steady state."""
    gates = gate_curves(channel, solutions)
    found = {"P open": open_curve(channel, solutions)}
    alone = len(gates) == 1 and gates[0].power == 1
    return found if alone else found | {f"{gate.name}∞": gate.inf for gate in gates}


def _times(channel: Channel, solutions: Solutions) -> Curves:
    if channel.gates:
        return {f"τ {gate.name}": gate.tau_ms for gate in gate_curves(channel, solutions)}
    scheme = scheme_of(channel)
    if scheme is None:
        return {}
    times = time_constants_ms(scheme, solutions)
    return {f"τ{number}": times[:, number - 1] for number in range(1, times.shape[1] + 1)}


def _is_wide(curves: Curves) -> bool:
    """Whether some of the values would be flat beside others."""
    values = [float(np.nanmax(y)) for y in curves.values() if np.isfinite(y).any()]
    return max(values, default=1.0) > WIDE * min(values, default=1.0)


def _rates(channel: Channel, solutions: Solutions) -> Curves:
    gates = gate_curves(channel, solutions)
    return {f"α {gate.name}": gate.alpha_per_ms for gate in gates} | {f"β {g.name}": g.beta_per_ms for g in gates}


def _charge(channel: Channel, solutions: Solutions) -> Curves:
    scheme = scheme_of(channel)
    return {"Q": charge_e(scheme, solutions)} if scheme is not None else {}


def _charges(channel: Channel) -> tuple[float, ...]:
    return channel.scheme.charges_e if channel.scheme is not None else ()


_MADE = {TIMES: _times, RATES: _rates, CHARGE: _charge}
