"""The middle of the editor: segments, values in every sweep, text, remarks; and a line for what is refused."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QTabWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from vclamp.model.lint import Advice
from vclamp.model.protocol import Protocol
from vclamp.model.protocol_table import letter
from vclamp.ui.protocols.actual import ActualTable
from vclamp.ui.protocols.table import SegmentTable
from vclamp.ui.protocols.text import TextPage
from vclamp.ui.protocols.words import MEANINGS, TYPES
from vclamp.ui.theme import Theme

NOTHING_TO_SAY = "Nothing to remark."


class Remarks(QListWidget):
    """What a supervisor would say; choosing a remark chooses its segment."""

    segment_chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.setWordWrap(True)
        self.setAccessibleName("remarks on the protocol")
        self.setToolTip("What would go wrong on this rig, found without running it; click one to see its segment")
        self.currentItemChanged.connect(self._choose)
        self.itemClicked.connect(self._choose)

    def show_advice(self, advice: tuple[Advice, ...]) -> None:
        """Show these remarks."""
        self.blockSignals(True)
        self.clear()
        for each in advice:
            item = QListWidgetItem(f"▲ {said(each)}")
            item.setData(Qt.ItemDataRole.UserRole, each.segment)
            self.addItem(item)
        if not advice:
            item = QListWidgetItem(NOTHING_TO_SAY)
            item.setFlags(Qt.ItemFlag.NoItemFlags)
            self.addItem(item)
        self.blockSignals(False)

    def _choose(self, item: QListWidgetItem | None) -> None:
        segment = item.data(Qt.ItemDataRole.UserRole) if item is not None else None
        if segment is not None:
            self.segment_chosen.emit(segment)


class Segments(QWidget):
    """The table, and buttons for its rows."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.table = SegmentTable(theme)
        self.buttons: dict[str, QToolButton] = {}
        column = QVBoxLayout()
        column.setSpacing(3)
        for sign, tip, act in (
            ("+", "Add a step below the chosen segment (Insert); the arrow has the other types", self.table.add),
            ("2×", "Duplicate the chosen segments (Ctrl+D)", self.table.duplicate),
            ("✕", "Delete the chosen segments (Delete)", self.table.delete),
            ("▲", "Move the chosen segment up (Alt+Up)", lambda: self.table.move(-1)),
            ("▼", "Move the chosen segment down (Alt+Down)", lambda: self.table.move(1)),
        ):
            button = self.buttons[sign] = QToolButton(text=sign, toolTip=tip)
            button.setAccessibleName(tip.split(" (")[0])
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setStyleSheet("padding-top: 0px; padding-bottom: 0px;")  # low where there is little room
            button.clicked.connect(lambda _=False, act=act: act())
            column.addWidget(button)
        column.addStretch()
        menu = QMenu(self)
        for kind, text in TYPES.items():
            action = menu.addAction(text, lambda kind=kind: self.table.add(kind))
            action.setToolTip(MEANINGS[kind])
        menu.setToolTipsVisible(True)
        self.buttons["+"].setMenu(menu)
        self.buttons["+"].setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        wide = max(button.sizeHint().width() for button in self.buttons.values())
        for button in self.buttons.values():
            button.setMinimumWidth(wide)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 2, 2, 0)
        row.setSpacing(4)
        row.addWidget(self.table, 1)
        row.addLayout(column)


class Pages(QWidget):
    """The tabs, and below them why something was refused."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.segments = Segments(theme)
        self.actual = ActualTable(theme)
        self.text = TextPage(theme)
        self.remarks = Remarks()
        self.tabs = QTabWidget()
        self.tabs.setAccessibleName("parts of the protocol")
        for title, page in (
            ("Segments", self.segments),
            ("Values", self.actual),
            ("Text", self.text),
            ("Remarks", self.remarks),
        ):
            self.tabs.addTab(page, title)
        self.message = QLabel(wordWrap=True)
        self.message.setAccessibleName("why it was refused")
        self.message.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.tabs, 1)
        column.addWidget(self.message)
        self.set_theme(theme)

    @property
    def table(self) -> SegmentTable:
        """The table of segments."""
        return self.segments.table

    def set_theme(self, theme: Theme) -> None:
        """Show other colours and sizes."""
        for part in (self.table, self.actual, self.text):
            part.set_theme(theme)
        self.message.setStyleSheet(f"color: {theme.warning};")

    def show_protocol(self, protocol: Protocol, sweep: int) -> None:
        """Show a protocol."""
        self.table.rows.show_protocol(protocol)
        self.actual.show_protocol(protocol, sweep)
        self.text.show_protocol(protocol)
        for sign in "▲▼✕":
            self.segments.buttons[sign].setEnabled(len(protocol.segments) > 1)

    def show_advice(self, advice: tuple[Advice, ...]) -> None:
        """Show remarks, and mark the segments that they are about."""
        self.remarks.show_advice(advice)
        number = self.tabs.indexOf(self.remarks)
        self.tabs.setTabText(number, f"▲ {len(advice)} remark{'s' * (len(advice) > 1)}" if advice else "Remarks")
        by_row: dict[int, str] = {}
        for each in advice:
            if each.segment is not None:
                by_row[each.segment] = "\n".join(filter(None, (by_row.get(each.segment), said(each))))
        self.table.rows.show_remarks(by_row)

    def say(self, message: str) -> None:
        """Say why something was refused, or nothing."""
        self.message.setText(message)
        self.message.setVisible(bool(message))


def said(advice: Advice) -> str:
    """A remark, with its segment as the table calls it."""
    where = "protocol" if advice.segment is None else f"{letter(advice.segment)} {advice.name}".strip()
    return f"{where}: {advice.what}. {advice.remedy}"
