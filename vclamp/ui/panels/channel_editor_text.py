"""A channel as the text of its file, to read and to write in."""

from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent

from vclamp.errors import VClampError
from vclamp.model.channel import Channel
from vclamp.model.channel_text import channel_of_text, channel_text, with_channel
from vclamp.model.rig import Rig
from vclamp.ui.panels.written import WHERE, WrittenText
from vclamp.ui.theme import Theme


class ChannelText(WrittenText):
    """The text; it counts a moment after it was written, if it is right and suits the rig."""

    written = Signal(object)  # the channel

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "channel")
        self._shown: tuple[Rig, Channel] | None = None

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
        return channel_text(self._shown[1]) if self._stale or self.pending else self.edit.toPlainText()

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
        self._put(channel_text(self._shown[1]))
