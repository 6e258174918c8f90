"""The names of curves, written beside them where there is room: off all curves, axes through 0 and marks."""

from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray

from vclamp.ui.scopes.labels import COLUMN_PX, free_places

Array = NDArray[np.float64]
LEAST_LINES = 5.0  # of text that a plot is high where there is room for names
NOWHERE = (0.0, 0.0)  # the size of the name that an axis, or a curve without a name, has


@dataclass(frozen=True, eq=False)
class Named:
    """A curve as the plot shows it, from left to right, and its name if it has one."""

    x: Array
    y: Array
    text: pg.TextItem | None


def place_names(plot: pg.PlotItem, curves: list[Named], zeros: tuple[bool, bool], symbol_px: float) -> None:
    """Put each name where there is room, and hide those that have none.

    Parameters
    ----------
    plot : PlotItem
        Whose other texts are in the way too.
    curves : list of Named
        All curves that are drawn.
    zeros : tuple of bool
        Whether a line stands at x = 0, and at y = 0.
    symbol_px : float
        Size of the points of the curves.
    """
    box = plot.getViewBox()
    box.updateAutoRange()
    (left, right), (low, high) = box.viewRange()
    width, height = box.width(), box.height()
    if not (width > 0.0 and height > 0.0 and right > left and high > low):
        return
    edges = np.linspace(left, right, max(int(width / COLUMN_PX), 2) + 1)
    lines = [_in_pixels(_extremes(each, edges), low, high, height, 0.5 * symbol_px) for each in curves]
    upright, level = zeros
    if level:
        lines.append((np.full(edges.size - 1, -low / (high - low) * height),) * 2)
    if upright:
        at = (edges[:-1] <= 0.0) & (edges[1:] >= 0.0)
        lines.append((np.where(at, 0.0, np.nan), np.where(at, height, np.nan)))
    own = [each.text for each in curves if each.text is not None]
    sizes = [NOWHERE if each.text is None else _size(each.text) for each in curves]
    if height < LEAST_LINES * max((size[1] for size in sizes), default=0.0):
        for text in own:
            text.hide()  # colours and symbols have to do
        return
    sizes += [NOWHERE] * (len(lines) - len(curves))
    marks = [item for item in plot.items if isinstance(item, pg.TextItem) and item not in own and item.isVisible()]
    per_x, per_y = width / (right - left), height / (high - low)
    taken = [_around(mark, (mark.x() - left) * per_x, (mark.y() - low) * per_y) for mark in marks]
    for curve, place in zip(curves, free_places(lines, sizes, height, taken), strict=False):
        if curve.text is not None:
            curve.text.setVisible(place is not None)
            if place is not None:
                curve.text.setPos(left + place.left_px / per_x, low + place.bottom_px / per_y)


def _extremes(curve: Named, edges: Array) -> tuple[Array, Array]:
    """The lowest and highest value of a curve between one place and the next; NaN where it is not."""
    ends = np.interp(edges, curve.x, curve.y, left=np.nan, right=np.nan)
    low, high = np.fmin(ends[:-1], ends[1:]), np.fmax(ends[:-1], ends[1:])
    column = np.searchsorted(edges, curve.x, side="right") - 1
    seen = (column >= 0) & (column < low.size)
    np.fmin.at(low, column[seen], curve.y[seen])
    np.fmax.at(high, column[seen], curve.y[seen])
    return low, high


def _in_pixels(
    ends: tuple[Array, Array], low: float, high: float, height: float, radius_px: float
) -> tuple[Array, Array]:
    """Where they are above the lower edge of the plot, with room for points."""
    below, above = (height * (each - low) / (high - low) for each in ends)
    return below - radius_px, above + radius_px


def _size(text: pg.TextItem) -> tuple[float, float]:
    rect = text.textItem.boundingRect()
    return rect.width(), rect.height()


def _around(mark: pg.TextItem, x_px: float, y_px: float) -> tuple[float, float, float, float]:
    """Left, bottom, right and top of a text that is anchored at a place."""
    width, height = _size(mark)
    left, top = x_px - mark.anchor.x() * width, y_px + mark.anchor.y() * height
    return left, top - height, left + width, top
