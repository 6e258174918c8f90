"""The colours of traces: of a line its own, else that of its sweep."""

from PySide6.QtGui import QColor

from vclamp.model.record import Header
from vclamp.publish.scopes import Line, line_key
from vclamp.ui.newest import Kept
from vclamp.ui.scopes.layer import Shown
from vclamp.ui.scopes.store import Trace
from vclamp.ui.theme import Theme, line_colours, sweep_colours

DIM = 0.28
FRONT_WIDTH = 1.5  # of the others


class Inks:
    """Mixed for a run and a look."""

    def __init__(self, theme: Theme) -> None:
        self.theme = theme
        self.lines: dict[str, QColor] = {}  # by trace, where it is not the sweep's
        self._sweeps: list[QColor] = []
        self._mixed = Kept()

    def mix(self, header: Header) -> None:
        """Mix them for a run; those of the same cell are kept."""
        rig, n_sweeps = header.rig, header.protocol.total_sweeps
        self._sweeps, self.lines = self._mixed.made(
            self.theme,
            (n_sweeps, line_key(rig)),
            lambda: (sweep_colours(n_sweeps, self.theme), line_colours(rig, self.theme)),
        )

    def shown(self, line: Line, sweep: int, trace: Trace, *, front: bool, live: bool, dim: bool) -> Shown:
        """A trace as it is drawn: wide in front, bright while it is live; behind it may be dim."""
        wide = FRONT_WIDTH * self.theme.trace_px if front else None
        if line.trace in self.lines:
            rank = list(self.lines).index(line.trace)  # a line has a picture of its own
            return Shown(trace, self.lines[line.trace], 1.0 if front else DIM, wide, z=float(rank))
        if line.is_asked:
            return Shown(trace, QColor(self.theme.dim_text), 0.8 if front else DIM, None)
        colour = QColor(self.theme.text) if live else self._sweeps[sweep % len(self._sweeps)]
        return Shown(trace, colour, DIM if dim and not front else 1.0, wide)
