"""What the two cursors read."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from vclamp.model.exam import is_told
from vclamp.model.protocol import Protocol
from vclamp.model.record import Sweep
from vclamp.publish.scopes import time_unit
from vclamp.publish.symbols import trace_label

NAMES_SHARE = 0.4  # of the width, at most


class CursorTable(QTableWidget):
    """Time, voltage, currents and open probabilities at both cursors, and their differences."""

    def __init__(self) -> None:
        super().__init__(0, 3)
        self.setAccessibleName("What the cursors read")
        self.setHorizontalHeaderLabels(["cursor 1", "cursor 2", "Δ"])
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.verticalHeader().setTextElideMode(Qt.TextElideMode.ElideMiddle)  # names differ at their ends
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ContiguousSelection)

    def show_reading(self, sweep: Sweep | None, protocol: Protocol, times_ms: tuple[float, float]) -> None:
        """Read one sweep at two times."""
        unit, per_ms = time_unit(protocol.duration_ms(0))
        rows: list[tuple[str, float, float]] = [(f"t ({unit})", *(t * per_ms for t in times_ms))]
        if sweep is not None:
            last = sweep.values.shape[1] - 1
            one, two = (min(max(round(t * protocol.fs_kHz), 0), last) for t in times_ms)
            rows += [
                (trace_label(name, sweep.rig), float(row[one]), float(row[two]))
                for name, row in zip(sweep.names, sweep.values, strict=True)
                if is_told(name, sweep.rig)
            ]
        self.setRowCount(len(rows))
        self.setVerticalHeaderLabels([name for name, _, _ in rows])
        for number, (name, one_value, two_value) in enumerate(rows):
            self.verticalHeaderItem(number).setToolTip(name)
            for column, value in enumerate((one_value, two_value, two_value - one_value)):
                cell = QTableWidgetItem(_number(value))
                cell.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.setItem(number, column, cell)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave the numbers their room."""
        self.verticalHeader().setMaximumWidth(round(NAMES_SHARE * self.width()))
        super().resizeEvent(event)


def _number(value: float) -> str:
    size = abs(value)
    if 1e-6 < size < 5e-4:
        return f"{value:.0e}".replace("e-0", "e-").replace("-", "−")
    if size >= 1e6:  # of another program's amplifier, in amperes
        return f"{value:.3e}".replace("e+0", "e").replace("e+", "e").replace("-", "−")
    digits = 3 if size < 10 else 2 if size < 100 else 1 if size < 1000 else 0
    return f"{value + 0.0 if size > 1e-6 else 0.0:.{digits}f}".replace("-", "−")
