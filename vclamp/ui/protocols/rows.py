"""The segments of a protocol as rows of a table, each cell a text that can be edited."""

from collections.abc import Callable, Mapping
from enum import IntEnum

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QColor

from vclamp.errors import VClampError
from vclamp.model.ladder import Varied
from vclamp.model.protocol import Protocol
from vclamp.model.protocol_table import letter, level_key, retyped_in, with_changes
from vclamp.model.segments import Segment
from vclamp.ui.panels.parameters import kind_of
from vclamp.ui.protocols.varied import FORMS, change_text, start_text, with_change, with_start
from vclamp.ui.protocols.words import MEANINGS, SIGNS, TYPES, key_words, number_text, reach, sentence
from vclamp.ui.theme import Theme

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole
Change = Callable[[Protocol], Protocol]
MANY = 4  # of a list, shown in a cell


class Column(IntEnum):
    """The columns of the table."""

    TYPE = 0
    NAME = 1
    LEVEL = 2
    LEVEL_CHANGE = 3
    DURATION = 4
    DURATION_CHANGE = 5
    MARKER = 6


CHANGES = {Column.LEVEL_CHANGE: Column.LEVEL, Column.DURATION_CHANGE: Column.DURATION}
_NAMES = {Column.NAME: "name", Column.MARKER: "marker"}
_TIPS = {
    Column.TYPE: "What the segment does",
    Column.NAME: "Name of the segment: analyses find their windows by it",
    Column.LEVEL: "Level in the first sweep; several numbers, as −80; −60; −20, are one for each sweep",
    Column.LEVEL_CHANGE: f"Change of the level from sweep to sweep:\n{FORMS}",
    Column.DURATION: "Duration in the first sweep; several numbers are one for each sweep",
    Column.DURATION_CHANGE: f"Change of the duration from sweep to sweep:\n{FORMS}",
    Column.MARKER: "Text that is written down with the recording when the segment begins",
}


class Rows(QAbstractTableModel):
    """Shows a protocol; what is typed it asks for, and never changes the protocol itself."""

    asked = Signal(object, str)  # an edit of the protocol, what it is called
    refused = Signal(str)  # why
    tried = Signal(object)  # what the protocol would be, or None

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.protocol: Protocol | None = None
        self._theme = theme
        self._remarks: Mapping[int, str] = {}
        self.locked = False  # nothing can be edited
        self.wrong = False  # what was typed last was refused

    # ---- what is shown

    def show_protocol(self, protocol: Protocol) -> None:
        """Show a protocol; the place of the selection is kept as far as it exists."""
        same = self.protocol is not None and len(self.protocol.segments) == len(protocol.segments)
        if same:
            self.protocol = protocol
            self._tell()
        else:
            self.beginResetModel()
            self.protocol, self._remarks = protocol, {}
            self.endResetModel()

    def show_remarks(self, remarks: Mapping[int, str]) -> None:
        """Mark the rows that there is something to say about."""
        self._remarks = remarks
        self.headerDataChanged.emit(Qt.Orientation.Vertical, 0, max(self.rowCount() - 1, 0))

    def set_theme(self, theme: Theme) -> None:
        """Show other colours."""
        self._theme = theme
        self._tell()

    def lock(self, locked: bool) -> None:
        """Let nothing be edited, or let it again."""
        self.locked = locked

    def _tell(self) -> None:
        self.dataChanged.emit(self.index(0, 0), self.index(self.rowCount() - 1, len(Column) - 1))
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(Column) - 1)
        self.headerDataChanged.emit(Qt.Orientation.Vertical, 0, self.rowCount() - 1)

    # ---- as Qt asks

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Segments."""
        return 0 if self.protocol is None or parent.isValid() else len(self.protocol.segments)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Columns."""
        return 0 if parent.isValid() else len(Column)

    def flags(self, index: Index) -> Qt.ItemFlag:
        """What may be done with a cell."""
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        flags = Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEnabled
        column = Column(index.column())
        own = bool(self.key(index.row(), column)) or column in (Column.TYPE, *_NAMES)
        return flags | Qt.ItemFlag.ItemIsEditable if own and not self.locked else flags

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole) -> object:
        """Names of columns with their units, letters of rows."""
        if orientation == Qt.Orientation.Vertical:
            return self._row_head(section, role)
        if role == Role.ToolTipRole:
            return _TIPS[Column(section)]
        if role == Role.DisplayRole:
            level, unit = "level", self._unit_of_levels()
            titles = {
                Column.LEVEL: f"{level} ({unit})" if unit else level,
                Column.LEVEL_CHANGE: "Δ/sweep",
                Column.DURATION: "time (ms)",
                Column.DURATION_CHANGE: "Δ/sweep",
            }
            return titles.get(Column(section), Column(section).name.lower())
        return None

    def _row_head(self, row: int, role: int) -> object:
        remark = self._remarks.get(row)
        if role == Role.DisplayRole:
            return f"▲ {letter(row)}" if remark else letter(row)
        if role == Role.ToolTipRole:
            return remark or "Drag to move the segment"
        if role == Role.ForegroundRole and remark:
            return QColor(self._theme.warning)
        return None

    def data(self, index: Index, role: int = Role.DisplayRole) -> object:
        """A cell."""
        assert self.protocol is not None
        segment, column = self.protocol.segments[index.row()], Column(index.column())
        if role == Role.DisplayRole:
            return self._shown(segment, column)
        if role == Role.EditRole:
            return segment.type if column == Column.TYPE else self._text(segment, column)
        if role in (Role.ToolTipRole, Role.AccessibleDescriptionRole):
            return self._tip(segment, index.row(), column)
        if role == Role.TextAlignmentRole and column not in (Column.TYPE, *_NAMES):
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Role.ForegroundRole and not self.flags(index) & Qt.ItemFlag.ItemIsEditable:
            return QColor(self._theme.dim_text)
        return None

    def setData(self, index: Index, value: object, role: int = Role.EditRole) -> bool:
        """Ask for what was typed; what is wrong is refused with its reason, and the last good value stays."""
        self.wrong = False
        if role != Role.EditRole or str(value) == self.data(index, Role.EditRole):
            return False
        try:
            change, name = self.edit_of(index, str(value))
            assert self.protocol is not None
            change(self.protocol)
        except VClampError as error:
            self.wrong = True
            kept = self.data(index, Role.DisplayRole)
            self.refused.emit(f"{sentence(error)} {kept or 'Nothing'} stays.")
            return False
        self.asked.emit(change, name)
        return True

    def attempt(self, index: Index, text: str) -> bool:
        """While something is typed: whether it would be taken; what it would be is told."""
        if not index.isValid():  # its row is gone
            return False
        try:
            assert self.protocol is not None
            self.tried.emit(self.edit_of(index, text)[0](self.protocol))
        except VClampError:
            self.tried.emit(None)
            return False
        return True

    # ---- what cells mean

    def key(self, row: int, column: Column) -> str:
        """The segment's key that a cell of numbers edits; empty if there is none."""
        assert self.protocol is not None
        column = CHANGES.get(column, column)
        if column == Column.LEVEL:
            return level_key(self.protocol.segments[row])
        return "duration_ms" if column == Column.DURATION else ""

    def edit_of(self, index: Index, text: str) -> tuple[Change, str]:
        """The edit that a typed text means, and what it is called.

        Raises
        ------
        VClampError
            If it means nothing.
        """
        assert self.protocol is not None
        row, column = index.row(), Column(index.column())
        segment, old = self.protocol.segments[row], str(self.data(index, Role.DisplayRole) or "none")
        title = self.headerData(column, Qt.Orientation.Horizontal).split(" (")[0] if column not in CHANGES else "Δ"
        if column == Column.TYPE:
            return lambda p: retyped_in(p, row, text), f"{letter(row)} {old} → {TYPES.get(text, text)}"
        if column in _NAMES:
            key, typed = _NAMES[column], text.strip()
            name = f"{letter(row)} {title} {old} → {typed or 'none'}"
            return lambda p: with_changes(p, row, {key: typed}), name
        key = self.key(row, column)
        if not key:
            raise VClampError(f"a segment of type {TYPES[segment.type]} has no {title} of its own")
        made = with_change if column in CHANGES else with_start
        unit = key_words(key)[2]
        data = made(text, getattr(segment, key), unit, self.protocol.n_sweeps)
        typed = text.strip().removesuffix(unit).strip().replace("-", "−") or "none"
        if column in CHANGES:
            title = f"Δ {title_of(key)}"
        return lambda p: with_changes(p, row, {key: data}), f"{letter(row)} {title} {old} → {typed} {unit}"

    def _text(self, segment: Segment, column: Column) -> str:
        if column in _NAMES:
            return str(getattr(segment, _NAMES[column]))
        value = self._value(segment, column)
        return change_text(value) if column in CHANGES else start_text(value)

    def _shown(self, segment: Segment, column: Column) -> str:
        if column == Column.TYPE:
            return TYPES[segment.type]
        if column == Column.LEVEL and segment.type == "hold" and self.protocol is not None:
            return number_text(self.protocol.hold_mV)
        if column == Column.LEVEL and segment.type == "waveform":
            return f"{len(segment.values_mV or segment.values_pA or ())} values"
        text, value = self._text(segment, column), self._value(segment, column)
        if isinstance(value, tuple) and column not in CHANGES and len(value) > MANY:
            text = "; ".join([*map(number_text, value[: MANY - 1]), "…"])
        if column == Column.LEVEL and text:
            mixed = "" if self._unit_of_levels() else f" {key_words(level_key(segment))[2]}"
            return f"{SIGNS.get(segment.type, '')}{text}{mixed}"
        return text

    def _value(self, segment: Segment, column: Column) -> Varied | None:
        column = CHANGES.get(column, column)
        key = level_key(segment) if column == Column.LEVEL else "duration_ms" if column == Column.DURATION else ""
        return getattr(segment, key) if key else None

    def _tip(self, segment: Segment, row: int, column: Column) -> str:
        key = self.key(row, column)
        if column == Column.TYPE:
            return MEANINGS[segment.type]
        if not key:
            return "The holding potential" if segment.type == "hold" and column == Column.LEVEL else _TIPS[column]
        label, tip, unit = key_words(key)
        kind = kind_of(type(segment), key)
        ends = reach(kind.low, kind.high, unit)
        if column in CHANGES:
            return f"{label} from sweep to sweep, in {unit}:\n{FORMS}"
        value = self._value(segment, column)
        whole = f"{start_text(value)} {unit}\n" if isinstance(value, tuple) else ""
        return f"{whole}{label}: {tip[0].lower()}{tip[1:]}\n{ends}"

    def _unit_of_levels(self) -> str:
        """The unit of all levels; empty where there are several."""
        keys = filter(None, map(level_key, self.protocol.segments if self.protocol is not None else ()))
        units = {key_words(key)[2] for key in keys} or {"mV"}
        return units.pop() if len(units) == 1 else ""


def title_of(key: str) -> str:
    """What a column of numbers is called in the name of a step."""
    return "time" if key == "duration_ms" else "level"
