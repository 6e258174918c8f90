"""The runs of the file at hand: listed, filtered, chosen, named and noted. It says what was asked for."""

from collections.abc import Iterable
from datetime import datetime

from PySide6.QtCore import QEvent, QPoint, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QKeySequence, QTextCursor
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QCheckBox,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from vclamp.ui.panels.run_rows import ROLE, RunRows, SweepOf
from vclamp.ui.shelf import Listed, Shelf

NOTE_LINES = 3.6
ASK = {  # what can be asked for of the chosen runs, in words
    "rename": "Rename",
    "note": "Note",
    "over": "Lay over the run on show",
    "export": "Export…",
    "replay": "Replay and compare",
}


class RunsPanel(QWidget):
    """A list of runs, and below it what users say of the chosen one."""

    wanted = Signal(int)  # show this run
    renamed = Signal(int, str)
    noted = Signal(int, str)
    tagged = Signal(int, object)  # tags
    sweep_noted = Signal(int, int, str)
    hidden = Signal(object, bool)  # runs; to be hidden or brought back
    asked = Signal(str)  # one of ASK
    unfolded = Signal(int)  # the sweeps of this run are listed

    def __init__(self) -> None:
        super().__init__()
        self._items: dict[int, QTreeWidgetItem] = {}
        self._editable = True
        self._sweep_notes: dict[int, dict[int, str]] = {}  # of runs whose sweeps are listed
        self.filter = QLineEdit(placeholderText="filter by name, protocol, cell, tag or note", clearButtonEnabled=True)
        self.with_hidden = QCheckBox("hidden", toolTip="Show hidden runs as well")
        self.tree = _Tree(self)
        self.tags = QLineEdit(placeholderText="tags")
        self.note = NoteField()
        top = QHBoxLayout()
        top.addWidget(self.filter, 1)
        top.addWidget(self.with_hidden)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 4, 4, 4)
        column.setSpacing(4)
        column.addLayout(top)
        column.addWidget(self.tree, 1)
        column.addWidget(self.tags)
        column.addWidget(self.note)
        self.filter.textChanged.connect(self._sift)
        self.with_hidden.toggled.connect(self._sift)
        self.tree.itemClicked.connect(self._clicked)
        self.tree.itemActivated.connect(self._clicked)
        self.tree.itemExpanded.connect(self._list_sweeps)
        self.tree.itemChanged.connect(self._edited)
        self.tree.currentItemChanged.connect(self._turn_to)
        self.tree.customContextMenuRequested.connect(self._open_menu)
        self.tags.editingFinished.connect(self.flush)
        self.note.left.connect(self.flush)
        names = ("filter of the runs", "runs", "tags of the run", "note on the run")
        for widget, name in zip((self.filter, self.tree, self.tags, self.note), names, strict=True):
            widget.setAccessibleName(name)
        self._show_texts(None)

    # ---- the list --------------------------------------------------------------------------

    def show_shelf(self, shelf: Shelf | None) -> None:
        """List the runs of a file; what is there already stays where it is."""
        runs = shelf.runs if shelf is not None else ()
        self._editable = shelf is not None and shelf.is_session
        wanted = {run.id for run in runs}
        at_end = self._is_at_end()
        self.tree.blockSignals(True)
        for number in [number for number in self._items if number not in wanted]:
            self.tree.takeTopLevelItem(self.tree.indexOfTopLevelItem(self._items.pop(number)))
        new = [self._item(run) for run in runs if run.id not in self._items]
        self.tree.addTopLevelItems(new)
        for run in runs if len(new) < len(runs) else ():
            item = self._items[run.id]
            if item.data(0, ROLE) != run or item.text(0) != run.name:
                self._fill(item, run)
        self.tree.blockSignals(False)
        self._sift()
        if at_end:
            self.tree.scrollToBottom()
        if not (self.note.hasFocus() or self.tags.hasFocus()):
            self._show_texts(self.tree.currentItem())

    def clear(self) -> None:
        """Another file comes."""
        self.flush()
        self.tree.invisibleRootItem().takeChildren()  # clear() takes half a minute where many runs are hidden
        self._items.clear()
        self._sweep_notes.clear()
        self._show_texts(None)

    def set_on_show(self, run: int | None, mark: str = "") -> None:
        """Which run the scopes show, and a word on it."""
        rows = self.tree.rows
        if (rows.on_show, rows.mark) != (run, mark):
            rows.on_show, rows.mark = run, mark
            self.tree.viewport().update()

    def choose(self, run: int | None) -> None:
        """Make one run the current one."""
        item = self._items.get(run) if run is not None else None
        if item is not None:
            self.tree.setCurrentItem(item)
            self.tree.scrollToItem(item)

    @property
    def chosen(self) -> tuple[int, ...]:
        """The selected runs, those of selected sweeps too, in their order."""
        runs = {data.run if isinstance(data, SweepOf) else data.id for data in self._selected()}
        return tuple(sorted(runs))

    @property
    def chosen_sweeps(self) -> tuple[int, frozenset[int]] | None:
        """The selected sweeps with their run, if nothing but sweeps of one run is selected."""
        data = self._selected()
        runs = {each.run for each in data if isinstance(each, SweepOf)}
        if len(runs) != 1 or not all(isinstance(each, SweepOf) for each in data):
            return None
        return runs.pop(), frozenset(each.sweep for each in data)

    def count(self) -> int:
        """How many runs are in view."""
        return sum(not item.isHidden() for item in self._items.values())

    def _selected(self) -> list[Listed | SweepOf]:
        return [item.data(0, ROLE) for item in self.tree.selectedItems() if not item.isHidden()]

    def _is_at_end(self) -> bool:
        bar = self.tree.verticalScrollBar()
        return bar.value() >= bar.maximum()

    def _item(self, run: Listed) -> QTreeWidgetItem:
        item = self._items[run.id] = QTreeWidgetItem()
        self._fill(item, run)
        return item

    def _fill(self, item: QTreeWidgetItem, run: Listed) -> None:
        item.setText(0, run.name)  # what is edited; the row draws more
        item.setData(0, ROLE, run)
        policy = QTreeWidgetItem.ChildIndicatorPolicy
        item.setChildIndicatorPolicy(policy.ShowIndicator if run.n_sweeps else policy.DontShowIndicator)
        usual = Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEnabled
        item.setFlags(usual | Qt.ItemFlag.ItemIsEditable if self._editable else usual)
        if item.isExpanded():
            self._list_sweeps(item)

    def _list_sweeps(self, item: QTreeWidgetItem) -> None:
        run = item.data(0, ROLE)
        if not isinstance(run, Listed):
            return
        for sweep in range(item.childCount(), run.n_sweeps):
            child = QTreeWidgetItem(item)
            child.setText(0, f"sweep {sweep + 1}")
            child.setData(0, ROLE, SweepOf(run.id, sweep))
        self.unfolded.emit(run.id)

    def show_sweep_notes(self, run: int, notes: Iterable[tuple[int, str]]) -> None:
        """What was noted at sweeps of a run."""
        self._sweep_notes[run] = found = dict(notes)
        item = self._items.get(run)
        for sweep in range(item.childCount()) if item is not None else ():
            note = found.get(sweep, "").partition("\n")[0]
            item.child(sweep).setText(0, f"sweep {sweep + 1}" + (f"  ✎ {note}" if note else ""))
        if not self.note.hasFocus():
            self._show_texts(self.tree.currentItem())

    def _sift(self) -> None:
        """Show what matches the filter."""
        words, all_of_them = self.filter.text().lower().split(), self.with_hidden.isChecked()
        for item in self._items.values():
            run: Listed = item.data(0, ROLE)
            text = " ".join((run.name, run.protocol, run.cell, run.note, *(f"#{tag}" for tag in run.tags))).lower()
            hide = (run.hidden and not all_of_them) or not all(word in text for word in words)
            if hide != item.isHidden():
                item.setHidden(hide)

    # ---- what is asked for -----------------------------------------------------------------

    def _clicked(self, item: QTreeWidgetItem) -> None:
        """A plain click shows a run; one with a key held only chooses."""
        data = item.data(0, ROLE)
        if isinstance(data, Listed) and not QApplication.keyboardModifiers() & CHOOSING:
            self.wanted.emit(data.id)

    def _edited(self, item: QTreeWidgetItem) -> None:
        run = item.data(0, ROLE)
        if isinstance(run, Listed) and item.text(0).strip() != run.name:
            self.renamed.emit(run.id, item.text(0).strip())

    def rename(self, run: int, proposed: str = "") -> None:
        """Let the user write a run's name where it stands."""
        item = self._items.get(run)
        if item is None or not self._editable:
            return
        self.choose(run)
        self.tree.setFocus()
        self.tree.editItem(item)
        editor = self.tree.findChild(QLineEdit)
        if editor is not None and not editor.text():
            editor.setText(proposed)
            editor.selectAll()

    def write_note(self, run: int | None) -> None:
        """Let the user write at the end of a run's note, after the time of now."""
        self.choose(run)
        if not self.note.isEnabled():
            return
        text, clock = self.note.toPlainText(), datetime.now().astimezone().strftime("%H:%M:%S")
        self.note.setPlainText(f"{text}\n{clock} " if text.strip() else f"{clock} ")
        self.note.moveCursor(QTextCursor.MoveOperation.End)
        self.note.setFocus()

    def hide_chosen(self, hide: bool = True) -> None:
        """What "delete" does, or its opposite."""
        runs = [each.id for each in self._selected() if isinstance(each, Listed) and each.hidden != hide]
        if runs and self._editable:
            self.hidden.emit(tuple(runs), hide)

    def _open_menu(self, at: QPoint) -> None:
        chosen = [each for each in self._selected() if isinstance(each, Listed)]
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for name, words in ASK.items() if self._selected() else ():
            action = menu.addAction(words, lambda name=name: self.asked.emit(name))
            action.setEnabled(self._editable or name not in ("rename", "note"))
        if chosen and self._editable:
            menu.addSeparator()
            hide = not all(run.hidden for run in chosen)
            menu.addAction("Hide" if hide else "Bring back", lambda: self.hide_chosen(hide))
        menu.popup(self.tree.viewport().mapToGlobal(at))

    # ---- the texts below -------------------------------------------------------------------

    def _turn_to(self, item: QTreeWidgetItem | None, before: QTreeWidgetItem | None = None) -> None:
        self.flush()
        self._show_texts(item)

    def _show_texts(self, item: QTreeWidgetItem | None) -> None:
        data = item.data(0, ROLE) if item is not None else None
        run = data if isinstance(data, Listed) else item.parent().data(0, ROLE) if item is not None else None
        self.tags.setEnabled(isinstance(data, Listed) and self._editable)
        self.note.setEnabled(data is not None and self._editable)
        self.tags.setText(" ".join(run.tags) if run is not None else "")
        sweep = data.sweep if isinstance(data, SweepOf) else None
        text = "" if run is None else run.note
        if run is not None and sweep is not None:
            text = self._sweep_notes.get(run.id, {}).get(sweep, "")
        self.note.show_text(text, data)
        what = "this run" if sweep is None else f"sweep {sweep + 1}"
        self.note.setPlaceholderText(f"note on {what} (Shift+M)" if data is not None else "note")

    def flush(self) -> None:
        """Say what was written and not said yet."""
        data = self.note.about
        if self.note.is_changed:
            text = self.note.take()
            if isinstance(data, Listed):
                self.noted.emit(data.id, text)
            elif isinstance(data, SweepOf):
                self.sweep_noted.emit(data.run, data.sweep, text)
        if isinstance(data, Listed) and self.tags.isModified():
            self.tags.setModified(False)
            self.tagged.emit(data.id, _tags(self.tags.text()))


CHOOSING = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


def _tags(text: str) -> tuple[str, ...]:
    """Tags without their #, each once."""
    words: Iterable[str] = (word.strip("#,;") for word in text.replace(",", " ").split())
    return tuple(dict.fromkeys(word for word in words if word))


class NoteField(QPlainTextEdit):
    """A note on something; it counts when the field is left, or on Ctrl+Enter."""

    left = Signal()

    def __init__(self) -> None:
        super().__init__(tabChangesFocus=True)
        self.about: object = None
        self._before = ""
        self._fit()

    def show_text(self, text: str, about: object) -> None:
        """Show a note, and remember what it is on."""
        self.about, self._before = about, text
        if text != self.toPlainText():
            self.setPlainText(text)

    @property
    def is_changed(self) -> bool:
        """Whether something was written."""
        return self.toPlainText().strip() != self._before.strip()

    def take(self) -> str:
        """What was written, which is then no longer new."""
        self._before = self.toPlainText()
        return self._before.strip()

    def changeEvent(self, event: QEvent) -> None:
        """As high as some lines of its font."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()

    def _fit(self) -> None:
        self.setFixedHeight(round(NOTE_LINES * self.fontMetrics().lineSpacing()) + 8)

    def event(self, event: QEvent) -> bool:
        """Esc is for the field while it is written in."""
        if event.type() == QEvent.Type.ShortcutOverride and event.key() == Qt.Key.Key_Escape:
            event.accept()
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Ctrl+Enter or Esc leave the field, so that keys are commands again."""
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if event.key() == Qt.Key.Key_Escape or (enter and event.modifiers() & Qt.KeyboardModifier.ControlModifier):
            self.clearFocus()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """What was written counts."""
        super().focusOutEvent(event)
        self.left.emit()


class _Tree(QTreeWidget):
    """Runs with their sweeps; Delete hides, Ctrl+Delete brings back."""

    def __init__(self, panel: RunsPanel) -> None:
        super().__init__(panel)
        self._panel = panel
        self.rows = RunRows(self)
        self.setItemDelegate(self.rows)
        self.setHeaderHidden(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        trigger = QAbstractItemView.EditTrigger
        self.setEditTriggers(trigger.EditKeyPressed | trigger.DoubleClicked)
        self.setExpandsOnDoubleClick(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setToolTip("Click shows a run, F2 names it, Delete hides it; Ctrl+click chooses several")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys of the list."""
        if event.matches(QKeySequence.StandardKey.Delete):
            self._panel.hide_chosen()
        else:
            super().keyPressEvent(event)
