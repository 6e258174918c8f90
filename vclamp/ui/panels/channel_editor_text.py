"""A channel as the text of its file, to read and to write in."""

import re

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QColor, QFontDatabase, QShowEvent, QTextCursor, QTextFormat
from PySide6.QtWidgets import QLabel, QPlainTextEdit, QTextEdit, QVBoxLayout, QWidget

from vclamp.errors import VClampError
from vclamp.model.channel import Channel
from vclamp.model.channel_text import channel_of_text, channel_text, with_channel
from vclamp.model.rig import Rig
from vclamp.ui.theme import Theme

WAIT_MS = 400  # after the last letter
WHERE = "text"
_LINE = re.compile(rf"^{WHERE}:(\d+)|at line (\d+)")


class ChannelText(QWidget):
    """The text; it counts a moment after it was written, if it is right and suits the rig."""

    written = Signal(object)  # the channel

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._shown: tuple[Rig, Channel] | None = None
        self._stale = True  # the text is not the channel's
        self.edit = QPlainTextEdit()
        self.edit.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.edit.setAccessibleName("channel as text")
        self.edit.setToolTip("The file that would be saved. What you write counts when it is right.")
        self.message = QLabel(wordWrap=True)
        self.message.setAccessibleName("what is wrong in the text")
        self.message.hide()
        self._soon = QTimer(self, singleShot=True, interval=WAIT_MS)
        self._soon.timeout.connect(self.apply)
        self.edit.textChanged.connect(self._soon.start)
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

    def show_channel(self, rig: Rig, channel: Channel) -> None:
        """Show a channel of a rig; what the user wrote stays as it is written if it means the same."""
        same = self._shown is not None and channel == self._shown[1]
        self._shown = (rig, channel)
        if not same:
            self._stale = True
            if self.isVisible():
                self._write()

    @property
    def text(self) -> str:
        """What would be saved."""
        assert self._shown is not None
        right = not (self._stale or self._soon.isActive() or self.message.text())
        return self.edit.toPlainText() if right else channel_text(self._shown[1])

    def showEvent(self, event: QShowEvent) -> None:
        """Write the text when it is first seen."""
        super().showEvent(event)
        if self._stale and self._shown is not None:
            self._write()

    def apply(self) -> None:
        """Let what is written count, or say what is wrong with it."""
        self._soon.stop()
        if self._shown is None:
            return
        rig, before = self._shown
        try:
            channel = channel_of_text(self.edit.toPlainText(), WHERE)
            with_channel(rig, before.name, channel)
        except VClampError as error:
            self._say(str(error))
            return
        self._say("")
        if channel != before:
            self._shown = (rig, channel)  # its own echo must not write over what was written
            self.written.emit(channel)

    def _write(self) -> None:
        assert self._shown is not None
        self._stale = False
        blocked = self.edit.blockSignals(True)
        self.edit.setPlainText(channel_text(self._shown[1]))
        self.edit.blockSignals(blocked)
        self._soon.stop()
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
            mark.cursor = QTextCursor(self.edit.document().findBlockByNumber(int(found[1] or found[2]) - 1))
            marks.append(mark)
        self.edit.setExtraSelections(marks)
