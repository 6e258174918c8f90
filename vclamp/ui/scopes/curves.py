"""Plots of curves: points, the line fitted through them, the true line; growing as sweeps arrive."""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import floor

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QPen, QShowEvent

from vclamp.analysis.results import Curve
from vclamp.ui.scopes.grid import Grid
from vclamp.ui.scopes.kinds import label_font, style_plot
from vclamp.ui.theme import Theme, readable

Array = NDArray[np.float64]

FIT_POINTS = 200
NAME_APART = (0.3, 0.25)  # of the width and height of all curves
DENSE = 100  # from so many points on, no symbols
GHOST = 0.35
ROOM = 0.06  # of the range of the points, around them
EDGE = 0.15  # of the width of a curve: there a name has no room on its left
FEW_TICKS, SOME_TICKS, MANY_TICKS = (1,), (1, 2, 5), (1, 2, 3, 5, 7)  # that bear a number
MARGIN = 6  # pixels, for half of the last tick's number


@dataclass(frozen=True)
class Plotted:
    """A curve with its name, colour and symbol.

    `fit` is the line through it, pale if it is `doubted`; `truth` the true y at its points; a `ghost` is pale as a
    whole, without names.
    """

    curve: Curve
    label: str
    colour: QColor
    symbol: str = "o"
    fit: Callable[[Array], Array] | None = None
    ghost: bool = False
    truth: Array | None = None
    doubted: bool = False


class CurvePlot(pg.PlotWidget):
    """A small plot of some curves, each named beside its largest point."""

    appeared = Signal()

    def __init__(self, theme: Theme, x_label: str, y_label: str) -> None:
        super().__init__(enableMenu=False, axisItems={side: CurveAxis(side) for side in ("left", "bottom")})
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
        points = [_seen(*_drawable(each.curve.x, each.curve.y, self._log), self._log) for each in shown]
        names = _Names.among(points)
        for slot, each in zip(self._slots, shown, strict=True):
            slot.draw(each, self._theme, self._log, names)

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what came while it was hidden."""
        super().showEvent(event)
        self.show_curves(self._shown)
        self.appeared.emit()


@dataclass
class _Names:
    """Where names stand already, and how far apart from them others must be."""

    apart: tuple[float, float]
    taken: list[tuple[float, float]] = field(default_factory=list)

    @classmethod
    def among(cls, points: list[tuple[Array, Array]]) -> "_Names":
        """None yet, in a plot of these points."""
        spans = [float(np.ptp(np.concatenate(c))) if sum(p.size for p in c) else 0.0 for c in zip(*points, strict=True)]
        width, height = spans or (0.0, 0.0)
        return cls((NAME_APART[0] * width, NAME_APART[1] * height))

    def beside(self, x: Array, y: Array) -> NDArray[np.int_]:
        """How many names each point would stand beside."""
        tx, ty = np.array(self.taken).reshape(-1, 2).T
        near = (np.abs(x[:, None] - tx) <= self.apart[0]) & (np.abs(y[:, None] - ty) <= self.apart[1])
        return np.asarray(near.sum(axis=1))


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
        self.points, self.line, self.true = (pg.PlotDataItem(antialias=True) for _ in range(3))
        self.text = pg.TextItem()
        self._drawn: object = None
        for item in (*self._lines, self.text):
            plot.addItem(item)

    @property
    def _lines(self) -> tuple[pg.PlotDataItem, ...]:
        return self.points, self.line, self.true

    def leave(self, plot: pg.PlotItem) -> None:
        """Take the items out of the plot."""
        for item in (*self._lines, self.text):
            plot.removeItem(item)

    def clear(self) -> None:
        """Draw nothing."""
        self._drawn = None
        for item in self._lines:
            item.clear()
        self.text.hide()

    def draw(self, each: Plotted, theme: Theme, log: tuple[bool, bool], names: "_Names") -> None:
        """Draw a curve, its fit, the truth and its name, away from the names of those before it."""
        same = (each.curve, each.fit, each.colour.name(), each.ghost, each.doubted, theme.name, log)
        if each.ghost and same == self._drawn:  # it stays behind many previews
            return
        self.clear()
        self._drawn = same
        x, y = _drawable(each.curve.x, each.curve.y, log)
        if not x.size:
            return
        order = np.argsort(x, kind="stable")
        x, y = x[order], y[order]
        colour = QColor(each.colour)
        dense, fit = x.size > DENSE, each.fit
        colour.setAlphaF(GHOST if each.ghost or (dense and fit is not None) else 1.0)
        pen = pg.mkPen(colour, width=max(1.0, theme.trace_px))
        self.points.setData(
            x, y, pen=None if fit is not None and not dense else pen,
            symbol=None if dense else each.symbol,
            symbolBrush=colour, symbolPen=None, symbolSize=0.55 * theme.font_px,
        )  # fmt: skip
        if fit is not None:
            between = np.geomspace if log[0] else np.linspace
            fine = between(x[0], x[-1], FIT_POINTS)
            self.line.setData(*_drawable(fine, fit(fine), log), pen=_fit_pen(each, dense, theme))
        if each.truth is not None and not each.ghost:
            true = _drawable(each.curve.x, each.truth, log)
            by_x = np.argsort(true[0], kind="stable")
            pen = pg.mkPen(theme.text, width=max(1.0, theme.trace_px), style=Qt.PenStyle.DashLine)
            self.true.setData(true[0][by_x], true[1][by_x], pen=pen)
        if each.label and not each.ghost:
            self._name(each, theme, _seen(x, y, log), names)

    def _name(self, each: Plotted, theme: Theme, at: tuple[Array, Array], names: "_Names") -> None:
        """Write the name beside the point farthest from zero, of those that are not beside another name."""
        x, y = at
        span = float(np.ptp(x))
        beside = names.beside(x, y)
        k = int(np.argmax(np.where(beside == beside.min(), np.abs(y), -1.0)))
        names.taken.append((float(x[k]), float(y[k])))
        self.text.setFont(label_font(theme))
        self.text.setText(each.label, readable(each.colour, QColor(theme.plot_background)))
        falls = y[k] > 0 and x[k] < np.median(x)  # then the free room is below its beginning
        at_left = x[k] < x.min() + EDGE * span
        inward = (-0.1, 0.5) if at_left else (0.5, 1.25)  # within a trough
        across, up = (0.0, 0.5) if falls else inward if y[k] < 0 else (1.08, 0.5)
        self.text.setAnchor((across, up - beside[k]))  # one line lower for each name beside it
        self.text.setPos(x[k], y[k] * (0.25 if falls and y.min() <= 0.5 * y[k] else 1.0))
        self.text.show()


def _fit_pen(each: Plotted, dense: bool, theme: Theme) -> QPen:
    """A fitted line in the colour of its points; over many of them in that of text, thin if it is doubted."""
    colour = QColor(theme.dim_text if each.doubted else theme.text if dense else each.colour)
    if each.ghost:
        colour.setAlphaF(GHOST)
    style = Qt.PenStyle.DotLine if each.doubted else Qt.PenStyle.SolidLine
    return pg.mkPen(colour, width=max(1.0, theme.trace_px), style=style)


def _drawable(x: Array, y: Array, log: tuple[bool, bool]) -> tuple[Array, Array]:
    """The points that these axes can show."""
    if x.shape != y.shape:
        return x[:0], x[:0]
    kept = np.isfinite(x) & np.isfinite(y)
    for values, is_log in zip((x, y), log, strict=True):
        if is_log:
            kept &= values > 0.0
    return x[kept], y[kept]


def _seen(x: Array, y: Array, log: tuple[bool, bool]) -> tuple[Array, Array]:
    """Points where pyqtgraph puts them: at the logarithms, on a logarithmic axis."""
    return np.log10(x) if log[0] else x, np.log10(y) if log[1] else y
