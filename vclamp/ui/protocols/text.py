"""The protocol as the text that would be saved, to read and to write in."""

from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent

from vclamp.errors import VClampError
from vclamp.model.protocol import Protocol
from vclamp.model.protocol_text import protocol_of_text, protocol_text
from vclamp.ui.panels.written import WHERE, WrittenText
from vclamp.ui.theme import Theme


class TextPage(WrittenText):
    """The text; it counts a moment after it was written, if it is right."""

    written = Signal(object, str)  # a protocol, what the edit is called

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "protocol")
        self._protocol: Protocol | None = None

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
