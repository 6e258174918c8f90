"""What the two cursors read, and the list of recorded runs."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from vclamp.model.protocol import Protocol
from vclamp.model.record import Sweep


class CursorTable(QTableWidget):
    """Time, voltage, currents and open probabilities at both cursors, and their differences."""

    def __init__(self) -> None:
        super().__init__(0, 3)
        self.setHorizontalHeaderLabels(["cursor 1", "cursor 2", "Δ"])
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ContiguousSelection)

    def show_reading(self, sweep: Sweep | None, protocol: Protocol, times_ms: tuple[float, float]) -> None:
        """Read one sweep at two times."""
        rows: list[tuple[str, float, float]] = [("t (ms)", *times_ms)]
        if sweep is not None:
            last = sweep.values.shape[1] - 1
            one, two = (min(max(round(t * protocol.fs_kHz), 0), last) for t in times_ms)
            rows += [
                (_title(name), float(row[one]), float(row[two]))
                for name, row in zip(sweep.names, sweep.values, strict=True)
            ]
        self.setRowCount(len(rows))
        self.setVerticalHeaderLabels([name for name, _, _ in rows])
        for number, (_, one_value, two_value) in enumerate(rows):
            for column, value in enumerate((one_value, two_value, two_value - one_value)):
                cell = QTableWidgetItem(_number(value))
                cell.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.setItem(number, column, cell)


def _title(trace: str) -> str:
    """A trace's name as people write it: "i_na_pA" is "I na (pA)"."""
    for unit in ("mV", "pA", "nS"):
        if trace.endswith(f"_{unit}"):
            head = trace.removesuffix(f"_{unit}").replace("_", " ")
            return f"{head[0].upper()}{head[1:]} ({unit})"
    return trace.replace("p_open_", "P open ").replace("gate_", "").replace("_", " ")


def _number(value: float) -> str:
    digits = 3 if abs(value) < 10 else 2 if abs(value) < 100 else 1 if abs(value) < 1000 else 0
    text = f"{value:.{digits}f}"
    return text.replace("-", "−")
