"""The protocol as the text that would be saved, to read and to write in."""

import re

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QColor, QFontDatabase, QShowEvent, QTextCursor, QTextFormat
from PySide6.QtWidgets import QLabel, QPlainTextEdit, QTextEdit, QVBoxLayout, QWidget

from vclamp.errors import VClampError
from vclamp.model.protocol import Protocol
from vclamp.model.protocol_text import protocol_of_text, protocol_text
from vclamp.ui.theme import Theme

WAIT_MS = 400  # after the last letter
WHERE = "text"
_LINE = re.compile(rf"^{WHERE}:(\d+)|at line (\d+)")


class TextPage(QWidget):
    """The text; it counts a moment after it was written, if it is right."""

    written = Signal(object, str)  # a protocol, what the edit is called

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._protocol: Protocol | None = None
        self._stale = True  # the text is not the protocol's
        self.edit = QPlainTextEdit()
        self.edit.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.edit.setAccessibleName("protocol as text")
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

    def show_protocol(self, protocol: Protocol) -> None:
        """Show a protocol; what the user wrote stays as it is written if it means the same."""
        if protocol == self._protocol:
            return
        self._protocol, self._stale = protocol, True
        if self.isVisible():
            self._write()

    def show_text(self, protocol: Protocol, text: str) -> None:
        """Show a protocol as somebody wrote it."""
        self._protocol, self._stale = protocol, False
        self._put(text)

    @property
    def text(self) -> str:
        """What would be saved.

        Raises
        ------
        VClampError
            If the protocol is too large to be text.
        """
        assert self._protocol is not None
        return protocol_text(self._protocol) if self._stale or self.pending else self.edit.toPlainText()

    @property
    def pending(self) -> bool:
        """Whether something is written that does not count: not yet, or because it is wrong."""
        return self._soon.isActive() or not self.message.isHidden()

    def showEvent(self, event: QShowEvent) -> None:
        """Write the text when it is first seen."""
        super().showEvent(event)
        if self._stale:
            self._write()

    def apply(self) -> None:
        """Let what is written count, or say what is wrong with it."""
        self._soon.stop()
        try:
            protocol = protocol_of_text(self.edit.toPlainText(), WHERE)
        except VClampError as error:
            self._say(str(error))
            return
        self._say("")
        if protocol != self._protocol:
            self._protocol = protocol  # its own echo must not write over what was written
            self.written.emit(protocol, "edit as text")

    def _changed(self) -> None:
        self._stale = False
        self._soon.start()

    def _write(self) -> None:
        assert self._protocol is not None
        self._stale = False
        try:
            self._put(protocol_text(self._protocol))
            self.edit.setReadOnly(False)
        except VClampError as error:
            self._put("")
            self.edit.setReadOnly(True)
            self._say(str(error))
            self._stale = True

    def _put(self, text: str) -> None:
        self._soon.stop()
        blocked = self.edit.blockSignals(True)
        self.edit.setPlainText(text)
        self.edit.blockSignals(blocked)
        self._say("")

    def _say(self, message: str) -> None:
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
            block = self.edit.document().findBlockByNumber(int(found[1] or found[2]) - 1)
            mark.cursor = QTextCursor(block)
            marks.append(mark)
        self.edit.setExtraSelections(marks)
