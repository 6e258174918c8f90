"""The line above the editor: which protocol it is, what it amounts to, and its file."""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget

from vclamp.model.protocol import Protocol
from vclamp.model.summary import Summary
from vclamp.ui.theme import Theme


class Elided(QLabel):
    """A text that ends in dots where there is no room for all of it."""

    def __init__(self) -> None:
        super().__init__()
        self._whole = ""

    @property
    def whole(self) -> str:
        """All of it."""
        return self._whole

    def set_whole(self, text: str) -> None:
        """Show another text."""
        self._whole = text
        self._fit()
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        """Room for all of it."""
        return QSize(self.fontMetrics().horizontalAdvance(self._whole) + 4, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        """Room for some letters."""
        return QSize(6 * self.fontInfo().pixelSize(), super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Write as much as there is room for."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        self.setText(self.fontMetrics().elidedText(self._whole, Qt.TextElideMode.ElideRight, self.width()))


class Dot(QLabel):
    """Says that something is not as it was; a double-click takes it back."""

    reset = Signal()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Take it back."""
        self.reset.emit()


class Header(QWidget):
    """Title, numbers, and buttons."""

    open_clicked = Signal()
    save_clicked = Signal()
    revert_clicked = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.title, self.dot, self.numbers = Elided(), Dot("●"), QLabel()
        self.title.setProperty("role", "heading")
        self.numbers.setAccessibleName("what the protocol amounts to")
        self.dot.setAccessibleName("changed")
        self.dot.reset.connect(self.revert_clicked)
        self.revert = QToolButton(text="Revert")
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 2, 4, 2)
        row.setSpacing(6)
        for part in (self.title, self.dot, self.numbers):
            row.addWidget(part)
        row.addStretch(1)
        for button, tip, signal in (
            (QToolButton(text="Open…"), "Take a protocol from a file", self.open_clicked),
            (QToolButton(text="Save as…"), "Write the protocol to a file of yours", self.save_clicked),
            (self.revert, "Take all changes of this protocol back", self.revert_clicked),
        ):
            button.setToolTip(tip)
            button.setAccessibleName(tip)
            button.clicked.connect(signal)
            row.addWidget(button)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Show other colours."""
        self.dot.setStyleSheet(f"color: {theme.accent};")

    def show_protocol(self, protocol: Protocol, *, changed: bool) -> None:
        """Name a protocol, and say whether it is as its file has it."""
        self.title.set_whole(protocol.title)
        self.title.setToolTip(protocol.note or protocol.title)
        self.dot.setVisible(changed)
        self.dot.setToolTip("Changed from what its file says; double-click takes the changes back")
        self.revert.setEnabled(changed)

    def show_summary(self, summary: Summary) -> None:
        """What there is to know before it is started."""
        self.numbers.setText(summary.brief)
        self.numbers.setToolTip(summary.text[:2000])
