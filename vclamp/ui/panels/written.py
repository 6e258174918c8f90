"""A description as the text of its file, to read and to write in."""

import re

from PySide6.QtCore import QTimer
from PySide6.QtGui import QColor, QFontDatabase, QTextCursor, QTextFormat
from PySide6.QtWidgets import QLabel, QPlainTextEdit, QTextEdit, QVBoxLayout, QWidget

from vclamp.ui.theme import Theme

WAIT_MS = 400  # after the last letter
WHERE = "text"
_LINE = re.compile(rf"^{WHERE}:(\d+)|at line (\d+)")


class WrittenText(QWidget):
    """A text that counts a moment after it was written, if it is right; what is wrong is said, its line marked."""

    def __init__(self, theme: Theme, what: str) -> None:
        super().__init__()
        self._theme = theme
        self._stale = True  # the text is not what is to be shown
        self.edit = QPlainTextEdit()
        self.edit.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.edit.setAccessibleName(f"{what} as text")
        self.edit.setToolTip("The file that would be saved. What you write counts when it is right.")
        self.message = QLabel(wordWrap=True)
        self.message.setAccessibleName("what is wrong in the text")
        self.message.hide()
        self._soon = QTimer(self, singleShot=True, interval=WAIT_MS)
        self._soon.timeout.connect(self.apply)
        self.edit.textChanged.connect(self._changed)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.edit, 1)
        column.addWidget(self.message)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Show other colours and sizes."""
        self._theme = theme
        font = self.edit.font()
        font.setPixelSize(theme.font_px)
        self.edit.setFont(font)
        self.message.setStyleSheet(f"color: {theme.warning};")

    def apply(self) -> None:
        """Let what is written count, or say what is wrong with it."""
        raise NotImplementedError

    @property
    def pending(self) -> bool:
        """Whether something is written that does not count: not yet, or because it is wrong."""
        return self._soon.isActive() or not self.message.isHidden()

    def _changed(self) -> None:
        self._stale = False
        self._soon.start()

    def _put(self, text: str) -> None:
        """Write a text that is right."""
        self._soon.stop()
        blocked = self.edit.blockSignals(True)
        self.edit.setPlainText(text)
        self.edit.blockSignals(blocked)
        self._say("")

    def _say(self, message: str) -> None:
        """Say what is wrong, or nothing."""
        self.message.setText(message)
        self.message.setVisible(bool(message))
        found = _LINE.search(message)
        marks = []
        if found:
            mark = QTextEdit.ExtraSelection()
            colour = QColor(self._theme.warning)
            colour.setAlpha(60)
            mark.format.setBackground(colour)
            mark.format.setProperty(QTextFormat.Property.FullWidthSelection, True)
            mark.cursor = QTextCursor(self.edit.document().findBlockByNumber(int(found[1] or found[2]) - 1))
            marks.append(mark)
        self.edit.setExtraSelections(marks)
