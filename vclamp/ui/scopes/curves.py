"""Plots of one point a sweep: I–V and G–V, growing as sweeps arrive."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Signal
from PySide6.QtGui import QColor, QShowEvent

from vclamp.analysis.curves import Curve
from vclamp.ui.scopes.grid import Grid
from vclamp.ui.scopes.kinds import label_font, style_plot
from vclamp.ui.theme import Theme, readable

FIT_POINTS = 200
NAME_APART = 0.3  # of the width of a curve
DENSE = 100  # from so many points on, no symbols


@dataclass(frozen=True)
class Plotted:
    """A curve with its name, colour and symbol, and the fitted curve through it, if any."""

    curve: Curve
    label: str
    colour: QColor
    symbol: str = "o"
    fit: Callable[[NDArray[np.float64]], NDArray[np.float64]] | None = None
    ghost: bool = False


class CurvePlot(pg.PlotWidget):
    """A small plot of some curves, each named beside its largest point."""

    appeared = Signal()

    def __init__(self, theme: Theme, x_label: str, y_label: str) -> None:
        super().__init__(enableMenu=False)
        self._theme = theme
        self._labels = (x_label, y_label)
        self._shown: tuple[Plotted, ...] = ()
        self._slots: list[_Slot] = []
        self._zeros = [pg.InfiniteLine(0.0, angle=angle) for angle in (0, 90)]
        plot = self.getPlotItem()
        plot.hideButtons()
        plot.getViewBox().setDefaultPadding(0.06)
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
        self.set_labels(*self._labels)
        self.show_curves(self._shown)

    def set_labels(self, x_label: str, y_label: str) -> None:
        """Name the axes."""
        self._labels = (x_label, y_label)
        self.getPlotItem().setLabels(bottom=x_label, left=y_label)

    def show_curves(self, shown: tuple[Plotted, ...]) -> None:
        """Draw these curves instead of those before; hidden, they are drawn when it appears."""
        self._shown = shown
        if not self.isVisible():
            return
        while len(self._slots) > len(shown):
            self._slots.pop().leave(self.getPlotItem())
        while len(self._slots) < len(shown):
            self._slots.append(_Slot(self.getPlotItem()))
        taken: list[float] = []  # where on the x axis names stand
        for slot, each in zip(self._slots, shown, strict=True):
            slot.draw(each, self._theme, taken)

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what came while it was hidden."""
        super().showEvent(event)
        self.show_curves(self._shown)
        self.appeared.emit()


class _Slot:
    """The items that draw one curve; they are used again, for making them is slow."""

    def __init__(self, plot: pg.PlotItem) -> None:
        self.points = pg.PlotDataItem(antialias=True)
        self.line = pg.PlotDataItem(antialias=True)
        self.text = pg.TextItem()
        for item in (self.points, self.line, self.text):
            plot.addItem(item)

    def leave(self, plot: pg.PlotItem) -> None:
        """Take the items out of the plot."""
        for item in (self.points, self.line, self.text):
            plot.removeItem(item)

    def draw(self, each: Plotted, theme: Theme, taken: list[float]) -> None:
        """Draw a curve, its fit and its name, away from the names of those before it."""
        x, y = each.curve.x, each.curve.y
        colour = QColor(each.colour)
        if each.ghost:
            colour.setAlphaF(0.35)
        pen = pg.mkPen(colour, width=max(1.0, theme.trace_px))
        order = np.argsort(x)
        self.points.setData(
            x[order], y[order], pen=None if each.fit else pen,
            symbol=None if x.size > DENSE else each.symbol,
            symbolBrush=colour, symbolPen=None, symbolSize=0.55 * theme.font_px,
        )  # fmt: skip
        if each.fit is not None and x.size:
            fine = np.linspace(x.min(), x.max(), FIT_POINTS)
            self.line.setData(fine, each.fit(fine), pen=pen)
        else:
            self.line.clear()
        self.text.setVisible(bool(each.label and not each.ghost and x.size))
        if x.size:
            apart = np.abs(x[:, None] - np.array(taken)).min(axis=1) if taken else np.full(x.size, np.inf)
            free = apart > NAME_APART * np.ptp(x)
            at = int(np.argmax(np.where(free, np.abs(y), -1.0) if free.any() else np.abs(y)))
            taken += [] if each.ghost else [float(x[at])]
            self.text.setFont(label_font(theme))
            self.text.setText(each.label, readable(each.colour, QColor(theme.plot_background)))
            falls = y[at] > 0 and x[at] < np.median(x)  # then the free room is below its beginning
            across = 0.0 if x[at] < x.min() + 0.15 * np.ptp(x) else 0.5  # at the left edge there is no room
            self.text.setAnchor((0.0, 0.5) if falls else (across, -0.2) if y[at] < 0 else (1.08, 0.5))
            self.text.setPos(x[at], y[at] * (0.25 if falls else 1.0))
