"""The names of lines, written into their scope."""

from collections.abc import Mapping

import numpy as np
import pyqtgraph as pg
from PySide6.QtGui import QColor

from vclamp.ui.scopes.kinds import Line, Scope, label_font
from vclamp.ui.scopes.labels import free_places
from vclamp.ui.scopes.store import Trace
from vclamp.ui.theme import Theme, readable

MAX_NAMES = 7  # of one scope
EDGE = 0.12  # of either axis


def write_names(
    scope: Scope, lines: list[Line], traces: Mapping[str, Trace], colours: Mapping[str, QColor], theme: Theme
) -> None:
    """Name lines where each is farthest from the others; where there are many, only the largest."""
    lines = _largest(lines, traces)
    places = free_places([traces[line.trace].values for line in lines])
    while len(scope.texts) > len(lines):
        scope.plot.removeItem(scope.texts.pop())
    while len(scope.texts) < len(lines):
        scope.texts.append(pg.TextItem())
        scope.plot.addItem(scope.texts[-1], ignoreBounds=True)
    for text, line, (at, below) in zip(scope.texts, lines, places, strict=True):
        plain = QColor(theme.dim_text if line.trace == "command_mV" else theme.text)
        text.setFont(label_font(theme))
        text.setText(line.label, readable(colours.get(line.trace, plain), QColor(theme.plot_background)))
        _place(scope, text, traces[line.trace], at, below)


def _place(scope: Scope, text: pg.TextItem, trace: Trace, at: int, below: bool) -> None:
    """Put a name at a sample of its line, away from the edges of the scope."""
    low, high = scope.plot.viewRange()[1]
    height = (float(trace.values[at]) - low) / (high - low)
    below = height > 1.0 - EDGE or (below and height > EDGE)
    share = at / max(trace.length - 1, 1)
    across = 0.0 if share < EDGE else 1.0 if share > 1.0 - EDGE else 0.5
    text.setAnchor((across, 0.0 if below else 1.0))
    text.setPos(trace.t0_ms + at * trace.dt_ms, float(trace.values[at]))


def _largest(lines: list[Line], traces: Mapping[str, Trace]) -> list[Line]:
    """The lines that reach farthest from 0, in their own order."""
    if len(lines) <= MAX_NAMES:
        return lines
    reach = {line: float(np.nanmax(np.abs(traces[line.trace].values), initial=0.0)) for line in lines}
    kept = set(sorted(lines, key=lambda line: -reach[line])[:MAX_NAMES])
    return [line for line in lines if line in kept]
