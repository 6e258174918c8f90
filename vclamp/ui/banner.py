"""A line above the scopes that says what went wrong, without stopping anything."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QLabel, QToolButton


class Banner(QFrame):
    """One message, until it is closed or something succeeds."""

    def __init__(self) -> None:
        super().__init__()
        self._text = QLabel(wordWrap=True)
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        copy = QToolButton(text="Copy")
        copy.clicked.connect(lambda: QApplication.clipboard().setText(self._text.text()))
        close = QToolButton(text="✕", toolTip="Close")
        close.clicked.connect(self.hide)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 4, 8, 4)
        row.addWidget(self._text, 1)
        row.addWidget(copy)
        row.addWidget(close)
        self.hide()

    def set_colour(self, colour: QColor) -> None:
        """The colour of its edge."""
        self.setStyleSheet(f"Banner {{ border: 1px solid {colour.name()}; }}")

    def say(self, message: str) -> None:
        """Show a message."""
        self._text.setText(message)
        self.show()

    @property
    def message(self) -> str:
        """What it says, empty if it is hidden."""
        return "" if self.isHidden() else self._text.text()
