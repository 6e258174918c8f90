"""Actual values: level and duration of every segment in every sweep, in the order of recording."""

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QColor, QFont
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from vclamp.model.protocol import Protocol
from vclamp.model.protocol_table import actual, letter
from vclamp.model.segments import commands_current
from vclamp.ui.protocols.words import number_text
from vclamp.ui.theme import Theme

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole
NOTHING = "–"


class Actual(QAbstractTableModel):
    """A row a sweep, two columns a segment."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.theme = theme
        self._protocol: Protocol | None = None
        self._now: int | None = None  # the sweep that is recorded, of all repeats

    def show_protocol(self, protocol: Protocol) -> None:
        """Show the values of a protocol."""
        self.beginResetModel()
        self._protocol = protocol
        self.endResetModel()

    def mark(self, sweep: int | None) -> None:
        """Mark a sweep as the one that is being recorded."""
        self._now = sweep
        if self.rowCount():
            self.headerDataChanged.emit(Qt.Orientation.Vertical, 0, self.rowCount() - 1)
            self.dataChanged.emit(self.index(0, 0), self.index(self.rowCount() - 1, self.columnCount() - 1))

    def _is_now(self, row: int) -> bool:
        return self._now is not None and self._protocol is not None and self._now % self._protocol.n_sweeps == row

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Sweeps of one series."""
        return 0 if self._protocol is None or parent.isValid() else self._protocol.n_sweeps

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Two a segment."""
        return 0 if self._protocol is None or parent.isValid() else 2 * len(self._protocol.segments)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole) -> object:
        """Sweeps by number; segments by letter, with units."""
        if self._protocol is None or role not in (Role.DisplayRole, Role.ToolTipRole):
            return None
        if orientation == Qt.Orientation.Vertical:
            if role == Role.ToolTipRole:
                return f"step {self._protocol.rung(section) + 1} of the ladders"
            return f"▶ {section + 1}" if self._is_now(section) else str(section + 1)
        segment = self._protocol.segments[section // 2]
        if role == Role.ToolTipRole:
            return f"{segment.type} {segment.name}".strip()
        unit = "ms" if section % 2 else "pA" if commands_current(segment) else "mV"
        return f"{letter(section // 2)} {unit}"

    def data(self, index: Index, role: int = Role.DisplayRole) -> object:
        """A value."""
        assert self._protocol is not None
        if role == Role.DisplayRole:
            value = actual(self._protocol, index.column() // 2, index.row())[index.column() % 2]
            return NOTHING if value is None else number_text(value)
        if role == Role.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if self._is_now(index.row()):
            if role == Role.ForegroundRole:
                return QColor(self.theme.accent)
            if role == Role.FontRole:
                bold = QFont()
                bold.setBold(True)
                return bold
        return None


class ActualTable(QTableView):
    """The table; choosing a row shows that sweep."""

    sweep_chosen = Signal(int)
    segment_chosen = Signal(int)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.values = Actual(theme)
        self.setModel(self.values)
        self.setAccessibleName("values in every sweep")
        self.setToolTip("Level and duration of every segment in every sweep, in the order of recording")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Rows follow the font."""
        self.values.theme = theme
        self.verticalHeader().setDefaultSectionSize(round(1.6 * theme.font_px))
        self.horizontalHeader().setDefaultSectionSize(round(4.6 * theme.font_px))

    def show_protocol(self, protocol: Protocol, sweep: int) -> None:
        """Show a protocol's values and choose a sweep."""
        self.values.show_protocol(protocol)
        self.choose(sweep)

    def choose(self, sweep: int) -> None:
        """Choose a sweep."""
        if self.currentIndex().row() != sweep and sweep < self.values.rowCount():
            blocked = self.blockSignals(True)
            self.setCurrentIndex(self.values.index(sweep, max(self.currentIndex().column(), 0)))
            self.blockSignals(blocked)

    def currentChanged(self, now: QModelIndex, before: QModelIndex) -> None:
        """Another sweep was chosen."""
        super().currentChanged(now, before)
        if now.isValid():
            self.sweep_chosen.emit(now.row())
