"""The table of segments: cells to type into, rows to add, move, copy and take away."""

from collections.abc import Callable

from PySide6.QtCore import QAbstractItemModel, QEvent, QModelIndex, QPersistentModelIndex, Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemDelegate,
    QAbstractItemView,
    QApplication,
    QComboBox,
    QHeaderView,
    QLineEdit,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from vclamp.errors import VClampError
from vclamp.model.protocol_table import fresh, letter, moved, with_inserted, without
from vclamp.model.protocol_text import segments_of_text, segments_text
from vclamp.ui.protocols.rows import Change, Column, Rows
from vclamp.ui.protocols.words import MEANINGS, TYPES, sentence
from vclamp.ui.theme import Theme

Index = QModelIndex | QPersistentModelIndex
Hint = QAbstractItemDelegate.EndEditHint
_LETTERS_WIDE = {
    Column.TYPE: 12, Column.NAME: 7, Column.LEVEL: 10, Column.LEVEL_CHANGE: 8, Column.DURATION: 9,
    Column.DURATION_CHANGE: 8, Column.MARKER: 7,
}  # fmt: skip
LEAST_SHARE = 0.8  # of these, before the table scrolls
_NUMBERS = "0123456789.+-−×*;"
ROW_EM, HEAD_EM = 1.85, 0.88


class Cells(QStyledItemDelegate):
    """Editors of cells; a text that would be refused is framed while it is typed."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.wrong_colour = "red"
        self.good: Callable[[Index, str], bool] = lambda index, text: True

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        """A box of types, or a line."""
        name = str(index.model().headerData(index.column(), Qt.Orientation.Horizontal))
        if index.column() == Column.TYPE:
            box = QComboBox(parent)
            for kind, text in TYPES.items():
                box.addItem(text, kind)
                box.setItemData(box.count() - 1, MEANINGS[kind], Qt.ItemDataRole.ToolTipRole)
            box.activated.connect(lambda _: self._chosen(box))
            box.setAccessibleName(name)
            return box
        line = QLineEdit(parent)
        line.setFrame(False)
        line.setAccessibleName(name)
        place = QPersistentModelIndex(index)
        line.textEdited.connect(lambda text: self._colour(line, place, text))
        return line

    def _chosen(self, box: QComboBox) -> None:
        """A type counts as soon as it is chosen, unless its row has gone meanwhile."""
        if box.isVisible():
            self.commitData.emit(box)
            self.closeEditor.emit(box)

    def _colour(self, line: QLineEdit, index: Index, text: str) -> None:
        line.setStyleSheet("" if self.good(index, text) else f"border: 1px solid {self.wrong_colour};")

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        """What is there now; not again while something is typed."""
        if isinstance(editor, QComboBox):
            editor.setCurrentIndex(editor.findData(index.data(Qt.ItemDataRole.EditRole)))
        elif isinstance(editor, QLineEdit) and not editor.isModified():
            editor.setText(str(index.data(Qt.ItemDataRole.EditRole)))

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        """Pass on what was chosen or typed."""
        model.setData(index, editor.currentData() if isinstance(editor, QComboBox) else editor.text())

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: Index) -> None:
        """As wide as the cell, or as the longest type."""
        editor.setGeometry(option.rect)


class SegmentTable(QTableView):
    """Rows are chosen, edited, dragged by their letters, and moved with Alt and the arrows."""

    chosen = Signal(int)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.rows = Rows(theme)
        self.cells = Cells(self)
        self._moving = self._passing = False
        self.setModel(self.rows)
        self.setItemDelegate(self.cells)
        self.cells.good = self.rows.attempt
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectItems)
        self.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked
            | QAbstractItemView.EditTrigger.EditKeyPressed
            | QAbstractItemView.EditTrigger.AnyKeyPressed
        )
        self.setAccessibleName("segments of the protocol")
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        head = self.verticalHeader()
        head.setSectionsMovable(True)
        head.setDefaultAlignment(Qt.AlignmentFlag.AlignCenter)
        head.sectionMoved.connect(self._dragged)
        self.horizontalHeader().setHighlightSections(False)
        self.set_theme(theme)
        self._kept = (0, int(Column.LEVEL))
        self.rows.modelAboutToBeReset.connect(self._remember)
        self.rows.modelReset.connect(lambda: self.setCurrentIndex(self.rows.index(*self._kept)))
        self.selectionModel().currentChanged.connect(lambda now, _: now.isValid() and self.chosen.emit(now.row()))

    def set_theme(self, theme: Theme) -> None:
        """Rows and columns follow the font."""
        self.rows.set_theme(theme)
        self.cells.wrong_colour = theme.record
        self.verticalHeader().setDefaultSectionSize(round(ROW_EM * theme.font_px))
        small = self.horizontalHeader().font()
        small.setPixelSize(round(HEAD_EM * theme.font_px))
        self.horizontalHeader().setFont(small)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self._share_width()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """All columns are seen, if there is any room for them."""
        super().resizeEvent(event)
        self._share_width()

    def _share_width(self) -> None:
        least_px = LEAST_SHARE * self.fontMetrics().horizontalAdvance("0")
        letter_px = max(self.viewport().width() / sum(_LETTERS_WIDE.values()), least_px)
        for column, letters in _LETTERS_WIDE.items():
            self.setColumnWidth(column, int(letters * letter_px))

    def _remember(self) -> None:
        """Which cell is chosen, for the time after rows have come or gone."""
        place = self.currentIndex()
        if place.isValid():
            self._kept = place.row(), place.column()

    @property
    def row(self) -> int:
        """The chosen row."""
        return min(max(self.currentIndex().row(), 0), max(self.rows.rowCount() - 1, 0))

    @property
    def chosen_rows(self) -> list[int]:
        """All chosen rows, from the top."""
        return sorted({index.row() for index in self.selectedIndexes()}) or [self.row]

    def choose(self, row: int) -> None:
        """Choose a row, in the column that is chosen already."""
        last = self.rows.rowCount() - 1
        if last >= 0:
            column = max(self.currentIndex().column(), 0)
            self.setCurrentIndex(self.rows.index(min(max(row, 0), last), column))

    def _open(self, index: QModelIndex) -> None:
        """Edit a cell, if it can be."""
        if self.rows.flags(index) & Qt.ItemFlag.ItemIsEditable:
            self.edit(index)

    def edit(self, index: QModelIndex, *how: object) -> object:
        """Open a cell's editor; a box of types shows them at once, unless Tab only passes through it."""
        if not how:
            super().edit(index)
        opened = super().edit(index, *how) if how else True
        box = self.indexWidget(index)
        if opened and isinstance(box, QComboBox) and not self._passing:
            box.showPopup()
        return opened

    # ---- what is done with rows

    def add(self, kind: str = "step") -> None:
        """A new segment below the chosen one."""
        assert self.rows.protocol is not None
        new, at = fresh(kind, currents=self.rows.protocol.commands_current), self.row + 1
        if kind == "step" and self.rows.protocol.commands_current:
            new = fresh("current-step")
        self._ask(lambda p: with_inserted(p, at, [new]), f"add {TYPES[new.type]} {letter(at)}", at)

    def duplicate(self) -> None:
        """The chosen rows once more, below."""
        rows = self.chosen_rows
        self._ask(
            lambda p: with_inserted(p, rows[-1] + 1, [p.segments[row] for row in rows]),
            f"duplicate {self._letters(rows)}", rows[-1] + 1,
        )  # fmt: skip

    def delete(self, word: str = "delete") -> None:
        """Take the chosen rows away."""
        rows = self.chosen_rows
        self._ask(lambda p: without(p, rows), f"{word} {self._letters(rows)}", rows[0])

    def move(self, by: int) -> None:
        """Move the chosen row up or down."""
        row, to = self.row, self.row + by
        if 0 <= to < self.rows.rowCount():
            self._ask(lambda p: moved(p, row, to), f"move {letter(row)} to {letter(to)}", to)

    def copy(self) -> None:
        """The chosen rows, as they stand in a file, to the clipboard."""
        assert self.rows.protocol is not None
        segments = [self.rows.protocol.segments[row] for row in self.chosen_rows]
        QApplication.clipboard().setText(segments_text(segments))

    def paste(self) -> None:
        """Rows from the clipboard, below the chosen one."""
        at = self.chosen_rows[-1] + 1
        try:
            segments = segments_of_text(QApplication.clipboard().text(), "the clipboard")
        except VClampError as error:
            self.rows.refused.emit(sentence(error))
            return
        self._ask(lambda p: with_inserted(p, at, segments), f"paste {letter(at)}", at)

    def _ask(self, change: Change, name: str, then: int) -> None:
        if self.state() == self.State.EditingState:
            self.setFocus()  # what is being typed counts first
        if not self.rows.locked:
            self.rows.asked.emit(change, name)
            self.choose(then)

    def _letters(self, rows: list[int]) -> str:
        return ", ".join(map(letter, rows))

    def _dragged(self, number: int, before: int, after: int) -> None:
        """A letter was dragged: put the letters back, and move the segment instead."""
        if not self._moving:
            self._moving = True
            self.verticalHeader().moveSection(after, before)
            self._moving = False
            # the header is still at it: what is asked for may reset it
            QTimer.singleShot(0, self, lambda: self._ask(
                lambda p: moved(p, number, after), f"move {letter(number)} to {letter(after)}", after
            ))  # fmt: skip

    # ---- keys

    def event(self, event: QEvent) -> bool:
        """Keys that edit are no commands of the window while a cell is chosen."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and self._takes(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Edit, and what is done with rows."""
        act = self._action(event)
        if act is not None:
            act()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.state() != self.State.EditingState:
            self._open(self.currentIndex())
        elif event.key() == Qt.Key.Key_Space:
            event.ignore()
        else:
            super().keyPressEvent(event)

    def _action(self, event: QKeyEvent) -> Callable[[], object] | None:
        key, alt = event.key(), event.modifiers() & Qt.KeyboardModifier.AltModifier
        standard = QKeySequence.StandardKey
        for keys, act in ((standard.Copy, self.copy), (standard.Paste, self.paste), (standard.Cut, self.cut)):
            if event.matches(keys):
                return act
        if key == Qt.Key.Key_D and event.modifiers() == Qt.KeyboardModifier.ControlModifier:
            return self.duplicate
        if key in (Qt.Key.Key_Up, Qt.Key.Key_Down) and alt:
            return lambda: self.move(-1 if key == Qt.Key.Key_Up else 1)
        return {Qt.Key.Key_Delete: self.delete, Qt.Key.Key_Insert: self.add}.get(Qt.Key(key))

    def cut(self) -> None:
        """Copy the chosen rows, then take them away."""
        self.copy()
        self.delete("cut")

    def _takes(self, event: QKeyEvent) -> bool:
        """Whether a key is the table's, not the window's."""
        if self._action(event) is not None or event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_F2):
            return True
        index, text = self.currentIndex(), event.text()
        held = event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier)
        if not index.isValid() or held or not text.strip() or not text.isprintable():
            return False
        named = index.column() in (Column.NAME, Column.MARKER)
        editable = bool(self.rows.flags(index) & Qt.ItemFlag.ItemIsEditable)
        return editable and (named or text in _NUMBERS)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab goes from cell to cell, and after the last one out of the table."""
        ends = (self.rows.rowCount() - 1, len(Column) - 1) if forward else (0, 0)
        place = self.currentIndex()
        if (place.row(), place.column()) == ends or not place.isValid():
            self.setTabKeyNavigation(False)
            left = super().focusNextPrevChild(forward)
            self.setTabKeyNavigation(True)
            return left
        return super().focusNextPrevChild(forward)

    def closeEditor(self, editor: QWidget, hint: Hint) -> None:
        """Enter goes on to the row below, as in every table, unless what was typed is refused."""
        place = self.currentIndex()
        self.rows.tried.emit(None)
        self._passing = hint in (Hint.EditNextItem, Hint.EditPreviousItem)
        super().closeEditor(editor, Hint.NoHint if hint == Hint.SubmitModelCache else hint)
        self._passing = False
        if hint == Hint.SubmitModelCache and not self.rows.wrong and place.row() + 1 < self.rows.rowCount():
            self.setCurrentIndex(self.rows.index(place.row() + 1, place.column()))
        if hint in (Hint.SubmitModelCache, Hint.RevertModelCache, Hint.NoHint):
            self.setFocus()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """There is always a cell to begin with."""
        if not self.currentIndex().isValid() and self.rows.rowCount():
            self.setCurrentIndex(self.rows.index(0, Column.LEVEL))
        super().focusInEvent(event)
