"""The line of a fit, drawn over the trace that it was made of."""

from collections.abc import Mapping

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt

from vclamp.analysis.results import Fitted
from vclamp.model.rig import Rig
from vclamp.ui.scopes.kinds import Scope
from vclamp.ui.theme import Theme

POINTS = 400


class FitLine:
    """One line, in the scope that shows the trace."""

    def __init__(self, scopes: Mapping[str, Scope]) -> None:
        self._scopes = scopes
        self._line = pg.PlotDataItem(antialias=True)
        self._line.setZValue(20.0)
        self._plot: pg.PlotItem | None = None

    def show(self, rig: Rig, fitted: Fitted, theme: Theme) -> None:
        """Draw it over the times of its curve, unless it has no numbers or its trace is not on the screen."""
        fit, curve = fitted.fit, fitted.curve
        plots = [
            scope.plot
            for scope in self._scopes.values()
            if scope.shown and any(line.trace == curve.y_name for line in scope.lines(rig))
        ]
        if fit is None or not fit.has_numbers or not plots or not curve.x.size:
            self.hide()
            return
        if self._plot is not plots[0]:
            self.hide()
            self._plot = plots[0]
            self._plot.addItem(self._line, ignoreBounds=True)
        style = Qt.PenStyle.SolidLine if fit.trusted else Qt.PenStyle.DotLine
        fine = np.linspace(curve.x[0], curve.x[-1], POINTS)
        self._line.setData(fine, fit(fine), pen=pg.mkPen(theme.record, width=2.0 * theme.trace_px, style=style))

    def hide(self) -> None:
        """Draw none."""
        if self._plot is not None:
            self._plot.removeItem(self._line)
            self._plot = None
