"""The names of lines, written into their scope."""

from collections.abc import Mapping

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QTimer
from PySide6.QtGui import QColor

from vclamp.publish.scopes import Line
from vclamp.ui.scopes.kinds import Scope, label_font
from vclamp.ui.scopes.labels import COLUMN_PX, Array, free_places
from vclamp.ui.scopes.store import Trace
from vclamp.ui.theme import Theme, readable

MAX_NAMES = 7  # of one scope
REST_MS = 200  # after the last change of what is in view, names look for new places


def write_names(
    scope: Scope, lines: list[Line], traces: Mapping[str, Trace], colours: Mapping[str, QColor], theme: Theme
) -> None:
    """Name lines where there is room; where there are many, only the largest."""
    lines = _largest(lines, traces)
    scope.named = [traces[line.trace] for line in lines]
    while len(scope.texts) > len(lines):
        scope.plot.removeItem(scope.texts.pop())
    while len(scope.texts) < len(lines):
        scope.texts.append(pg.TextItem(anchor=(0.0, 1.0)))
        scope.plot.addItem(scope.texts[-1], ignoreBounds=True)
    for text, line in zip(scope.texts, lines, strict=True):
        plain = QColor(theme.dim_text if line.trace in ("command_mV", "ghost") else theme.text)
        text.setFont(label_font(theme))
        text.setText(line.label, readable(colours.get(line.trace, plain), QColor(theme.plot_background)))
    if lines:
        _follow(scope)
        _place(scope)


def _follow(scope: Scope) -> None:
    """Look for other places once another part of the lines is in view, or in another size."""
    if scope.resting is not None:
        return
    box = scope.plot.getViewBox()
    resting = scope.resting = QTimer(box, interval=REST_MS, singleShot=True)
    resting.timeout.connect(lambda: _place(scope))
    for changed in (box.sigRangeChanged, box.sigResized):
        changed.connect(lambda *_: resting.start())


def _place(scope: Scope) -> None:
    """Put each name where there is room, and hide those that have none."""
    box = scope.plot.getViewBox()
    (start_ms, end_ms), (low, high) = box.viewRange()
    width, height = box.width(), box.height()
    if not scope.texts or not (width > 0.0 and height > 0.0 and high > low):
        return
    edges_ms = np.linspace(start_ms, end_ms, max(int(width / COLUMN_PX), 2) + 1)
    lines = [tuple(height * (ends - low) / (high - low) for ends in _extremes(t, edges_ms)) for t in scope.named]
    rects = [text.textItem.boundingRect() for text in scope.texts]
    places = free_places(lines, [(rect.width(), rect.height()) for rect in rects], height)
    for text, place in zip(scope.texts, places, strict=True):
        text.setVisible(place is not None)
        if place is not None:
            at_ms = start_ms + place.left_px / width * (end_ms - start_ms)
            text.setPos(at_ms, low + place.bottom_px / height * (high - low))


def _extremes(trace: Trace, edges_ms: Array) -> tuple[Array, Array]:
    """The lowest and highest value of a trace between one time and the next; NaN where there is none."""
    values, at = trace.values, (edges_ms - trace.t0_ms) / trace.dt_ms
    last = values.size - 1
    if last < 1:
        return np.full(at.size - 1, np.nan), np.full(at.size - 1, np.nan)
    before = np.clip(at.astype(int), 0, last - 1)
    ends = values[before] + (np.clip(at, 0.0, last) - before) * (values[before + 1] - values[before])
    low, high = np.fmin(ends[:-1], ends[1:]), np.fmax(ends[:-1], ends[1:])
    within = values[: before[-1] + 1]
    low = np.fmin(low, np.fmin.reduceat(within, before[:-1]))
    high = np.fmax(high, np.fmax.reduceat(within, before[:-1]))
    outside = (at[1:] <= 0.0) | (at[:-1] >= last)
    return np.where(outside, np.nan, low), np.where(outside, np.nan, high)


def _largest(lines: list[Line], traces: Mapping[str, Trace]) -> list[Line]:
    """The lines that reach farthest from 0, in their own order."""
    if len(lines) <= MAX_NAMES:
        return lines
    reach = {line: float(np.nanmax(np.abs(traces[line.trace].values), initial=0.0)) for line in lines}
    kept = set(sorted(lines, key=lambda line: -reach[line])[:MAX_NAMES])
    return [line for line in lines if line in kept]
