"""Plots of curves: points, the line fitted through them, the true line; growing as sweeps arrive."""

from collections.abc import Callable
from dataclasses import dataclass
from math import floor

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QColor, QPen, QShowEvent

from vclamp.analysis.results import Curve
from vclamp.publish.groups import DENSE, SYMBOLS, drawable, fit_line
from vclamp.ui.scopes.curve_item import CurveItem, Drawn
from vclamp.ui.scopes.curve_names import Named, place_names
from vclamp.ui.scopes.grid import Grid
from vclamp.ui.scopes.kinds import label_font, style_plot
from vclamp.ui.theme import Theme, readable

Array = NDArray[np.float64]

GHOST = 0.35
SYMBOL_EM = 0.55
REST_MS = 200  # after the last change of what is in view, names look for new places
ROOM = 0.06  # of the range of the points, around them
FEW_TICKS, SOME_TICKS, MANY_TICKS = (1,), (1, 2, 5), (1, 2, 3, 5, 7)  # that bear a number
MARGIN = 6  # pixels, for half of the last tick's number
NONE = Named(np.empty(0), np.empty(0), None)


@dataclass(frozen=True)
class Plotted:
    """A curve with its name, colour and symbol.

    `fit` is the line through it, pale if it is `doubted`; `truth` the true y at its points; a `ghost` is pale as a
    whole, without names.
    """

    curve: Curve
    label: str
    colour: QColor
    symbol: str = SYMBOLS[0]
    fit: Callable[[Array], Array] | None = None
    ghost: bool = False
    truth: Array | None = None
    doubted: bool = False


class CurvePlot(pg.PlotWidget):
    """A small plot of some curves, each named beside it where there is room."""

    appeared = Signal()

    def __init__(self, theme: Theme, x_label: str, y_label: str) -> None:
        super().__init__(enableMenu=False, axisItems={side: CurveAxis(side) for side in ("left", "bottom")})
        self.setAccessibleName(f"{y_label} against {x_label}" if y_label else "Curves")
        for widget in (self, self.viewport()):
            widget.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # no key does anything in it
        self._theme = theme
        self._labels = (x_label, y_label)
        self._log = (False, False)
        self._shown: tuple[Plotted, ...] = ()
        self._slots: list[_Slot] = []
        self._zeros = [pg.InfiniteLine(0.0, angle=angle) for angle in (90, 0)]
        plot = self.getPlotItem()
        plot.hideButtons()
        plot.setContentsMargins(0, MARGIN, MARGIN, 0)
        plot.getViewBox().setDefaultPadding(ROOM)
        plot.getViewBox().setRange(xRange=(-100.0, 60.0), yRange=(-100.0, 100.0), disableAutoRange=False)
        self._grid = Grid(plot)
        self._named: list[bool] = []  # of the slots, those that bear a name
        self._resting = QTimer(self, interval=REST_MS, singleShot=True)
        self._resting.timeout.connect(self._place_names)
        for changed in (plot.getViewBox().sigRangeChanged, plot.getViewBox().sigResized):
            changed.connect(lambda *_: self._resting.start())
        for zero in self._zeros:
            plot.addItem(zero, ignoreBounds=True)
        for side in ("left", "bottom"):
            plot.getAxis(side).enableAutoSIPrefix(False)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Draw in another look."""
        self._theme = theme
        self.setBackground(theme.plot_background)
        style_plot(self.getPlotItem(), self._grid, theme)
        for zero in self._zeros:
            zero.setPen(pg.mkPen(theme.dim_text, width=1))
        self.getPlotItem().setLabels(bottom=self._labels[0], left=self._labels[1])
        self.show_curves(self._shown)

    def set_labels(self, x_label: str, y_label: str) -> None:
        """Name the axes."""
        if (x_label, y_label) != self._labels:
            self._labels = (x_label, y_label)
            self.getPlotItem().setLabels(bottom=x_label, left=y_label)

    def set_log(self, log_x: bool, log_y: bool) -> None:
        """Which axes are logarithmic: what is not positive is then left out."""
        if (log_x, log_y) != self._log:
            self._log = (log_x, log_y)
            self.getPlotItem().setLogMode(x=log_x, y=log_y)
            for zero, log in zip(self._zeros, self._log, strict=True):
                zero.setVisible(not log)
            for slot in self._slots:
                slot.clear()

    def show_curves(self, shown: tuple[Plotted, ...]) -> None:
        """Draw these curves instead of those before; hidden, they are drawn when it appears."""
        self._shown = shown
        if not self.isVisible():
            return
        while len(self._slots) > len(shown):
            self._slots.pop().leave(self.getPlotItem())
        while len(self._slots) < len(shown):
            self._slots.append(_Slot(self.getPlotItem()))
        for slot, each in zip(self._slots, shown, strict=True):
            slot.draw(each, self._theme, self._log)
        named = [bool(each.label) and not each.ghost for each in shown]
        if named == self._named:
            self._resting.start()  # while curves follow one another fast, names stay where they are
        else:
            self._named = named
            self._place_names()

    def _place_names(self) -> None:
        """Look for the places of names that suit what is drawn by now."""
        if not self.isVisible():
            return
        curves = [
            slot.named
            for slot, each in zip(self._slots, self._shown, strict=True)
            if slot.named.x.size and not each.ghost
        ]
        zeros = tuple(zero.isVisible() for zero in self._zeros)
        place_names(self.getPlotItem(), curves, zeros, SYMBOL_EM * self._theme.font_px)

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what came while it was hidden."""
        super().showEvent(event)
        self.show_curves(self._shown)
        self.appeared.emit()


class CurveAxis(pg.AxisItem):
    """An axis whose logarithmic ticks have few enough numbers to be read."""

    def logTickStrings(self, values, scale, spacing):  # type: ignore[no-untyped-def]
        decades = self.range[1] - self.range[0]
        named = FEW_TICKS if decades > 2.0 else SOME_TICKS if decades > 1.0 else MANY_TICKS
        found = []
        for value in values:
            power = floor(value + 1e-9)
            leading = round(10.0 ** (value - power))
            found.append(f"{leading * 10.0**power * scale:g}".replace("e-0", "e−") if leading in named else "")
        return found


class _Slot:
    """The items that draw one curve; they are used again, for making them is slow."""

    def __init__(self, plot: pg.PlotItem) -> None:
        self.item = CurveItem()
        self.text = pg.TextItem(anchor=(0.0, 1.0))
        self.line: tuple[Array, Array] | None = None  # of the fit
        self.named = NONE
        self._drawn: object = None
        plot.addItem(self.item)
        plot.addItem(self.text, ignoreBounds=True)

    def leave(self, plot: pg.PlotItem) -> None:
        """Take the items out of the plot."""
        for item in (self.item, self.text):
            plot.removeItem(item)

    def clear(self) -> None:
        """Draw nothing."""
        self._drawn, self.line, self.named = None, None, NONE
        self.item.show_parts(())
        self.text.hide()

    def draw(self, each: Plotted, theme: Theme, log: tuple[bool, bool]) -> None:
        """Draw a curve, its fit and the truth, and write its name, whose place is yet to be found."""
        same = (each.curve, each.fit, each.colour.name(), each.ghost, each.doubted, theme.name, log)
        if each.ghost and same == self._drawn:  # it stays behind many previews
            return
        x, y = _points(each.curve, each.curve.y, log)
        if not x.size:
            self.clear()
            return
        self._drawn, named = same, each.label and not each.ghost
        colour = QColor(each.colour)
        dense, fit = x.size > DENSE, each.fit
        colour.setAlphaF(GHOST if each.ghost or (dense and fit is not None) else 1.0)
        seen = _seen(x, y, log)
        parts = []
        if fit is None or dense:
            parts.append(Drawn(*seen, pg.mkPen(colour, width=max(1.0, theme.trace_px))))
        if not dense:
            parts.append(Drawn(*seen, symbol=each.symbol, colour=colour, size_px=SYMBOL_EM * theme.font_px))
        self.line = None
        if fit is not None:
            self.line = _seen(*fit_line(fit, x, log_x=log[0], log_y=log[1]), log)
            parts.append(Drawn(*self.line, _fit_pen(each, dense, theme)))
        if each.truth is not None and not each.ghost:
            pen = pg.mkPen(theme.text, width=max(1.0, theme.trace_px), style=Qt.PenStyle.DashLine)
            parts.append(Drawn(*_seen(*_points(each.curve, each.truth, log), log), pen))
        self.item.show_parts(parts)
        if named:
            self.text.setFont(label_font(theme))
            self.text.setText(each.label, readable(each.colour, QColor(theme.plot_background)))
        else:
            self.text.hide()
        self.named = Named(*seen, self.text if named else None)


def _fit_pen(each: Plotted, dense: bool, theme: Theme) -> QPen:
    """A fitted line in the colour of its points; over many of them in that of text, thin if it is doubted."""
    colour = QColor(theme.dim_text if each.doubted else theme.text if dense else each.colour)
    if each.ghost:
        colour.setAlphaF(GHOST)
    style = Qt.PenStyle.DotLine if each.doubted else Qt.PenStyle.SolidLine
    return pg.mkPen(colour, width=max(1.0, theme.trace_px), style=style)


def _points(curve: Curve, y: Array, log: tuple[bool, bool]) -> tuple[Array, Array]:
    """Values at a curve's points, as these axes can show them."""
    return drawable(curve.x, y, log_x=log[0], log_y=log[1])


def _seen(x: Array, y: Array, log: tuple[bool, bool]) -> tuple[Array, Array]:
    """Points where pyqtgraph puts them: at the logarithms, on a logarithmic axis."""
    return np.log10(x) if log[0] else x, np.log10(y) if log[1] else y
