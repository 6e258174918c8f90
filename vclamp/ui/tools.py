"""What is laid beside the rig when it is wanted: the protocol editor, the channel editor, the membrane test."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from vclamp.model.channel import Channel
from vclamp.model.channel_text import with_channel
from vclamp.model.protocol import Protocol
from vclamp.model.rig import Rig
from vclamp.ui.later import Later
from vclamp.ui.panels.seal_test import SealTest
from vclamp.ui.protocols.files import ProtocolFiles
from vclamp.ui.theme import Theme

if TYPE_CHECKING:
    from vclamp.ui.panels.channel_editor import ChannelEditor
    from vclamp.ui.protocols.editor import ProtocolEditor
    from vclamp.ui.window import Window


class Tools(QObject):
    """Keeps the tools in step with the bench, and passes on what is edited in them."""

    def __init__(self, window: "Window") -> None:
        super().__init__(window)
        self._window = window
        theme, beside = window.looks.theme, window.bridge.beside
        self.seal = SealTest(beside, theme)
        self.files = ProtocolFiles(beside, window)
        self.page = Later(self._editor)  # of protocols
        self.channel: ChannelEditor | None = None  # made when it is first wanted
        self._branch = ""  # the last one that was clicked in the circuit
        self.files.found.connect(self._mark_hold)
        window.display.circuit.branch_clicked.connect(self._note_branch)
        window.display.circuit.sampled.connect(self._follow_cursor)

    @property
    def protocol(self) -> "ProtocolEditor":
        """The protocol editor."""
        return self.page.panel

    def _editor(self) -> "ProtocolEditor":
        from vclamp.ui.protocols.editor import ProtocolEditor

        window = self._window
        editor = ProtocolEditor(window.looks.theme, window.bridge.beside, self.files)
        editor.replaced.connect(self._replace_protocol)
        editor.open_wanted.connect(window.documents.open_protocol)
        editor.saved.connect(lambda path: window.status.showMessage(f"saved and checked: {path}", 10_000))
        window.bridge.sweep_done.connect(lambda sweep: editor.mark_sweep(sweep.index + 1))
        editor.setParent(self.page)  # else its headers lose their small font when they get one
        editor.set_theme(window.looks.theme)
        editor.show_protocol(window.bench.protocol, window.bench.rig)
        editor.show_running(window.bridge.running)
        return editor

    def show_bench(self, rig: Rig, protocol: Protocol) -> None:
        """Follow the bench."""
        self.seal.show_rig(rig, protocol.hold_mV)
        self.files.look_for(protocol)
        if self.page.made is not None:
            self.protocol.show_protocol(protocol, rig)
        self._mark_hold()
        editor = self.channel
        if editor is not None and editor.isVisible():
            if editor.name in [channel.name for channel in rig.cell.channels]:
                editor.show_channel(rig, editor.name)
            else:
                editor.close()

    def _mark_hold(self) -> None:
        """The holding potential may be another than the protocol's own."""
        self._window.bar.show_preset(self.files.preset(self._window.bench.protocol.name))

    def show_running(self, running: bool) -> None:
        """A protocol is not edited while it runs."""
        if self.page.made is not None:
            self.protocol.show_running(running)

    def set_theme(self, theme: Theme) -> None:
        """Draw in another look."""
        for tool in (self.seal, self.page.made, self.channel):
            if tool is not None:
                tool.set_theme(theme)

    def test_membrane(self) -> None:
        """Begin the membrane test, or end it."""
        on = not self.seal.on
        self._window.docks.show("numbers")
        self._window.tabs.setCurrentWidget(self.seal)
        self.seal.run(on)

    def edit_channel(self) -> None:
        """Open the editor on the channel that was clicked last in the circuit, or the first."""
        window, rig = self._window, self._window.bench.rig
        names = [channel.name for channel in rig.cell.channels]
        if not names:
            window.banner.say("This cell has no channels.")
            return
        if self.channel is None:
            from vclamp.ui.panels.channel_editor import ChannelEditor

            editor = self.channel = ChannelEditor(window.looks.theme, window.bridge.beside, window)
            editor.edited.connect(window.edit)
            editor.edited_together.connect(window.edit_together)
            editor.refused.connect(window.banner.say)
            editor.replaced.connect(self._replace_channel)
        self.channel.show_channel(rig, self._branch if self._branch in names else names[0])
        self.channel.show()
        self.channel.raise_()
        self._follow_cursor()

    def _follow_cursor(self) -> None:
        """The channel editor shows what the circuit shows."""
        sample = self._window.display.circuit.sample
        if sample is not None and self.channel is not None and self.channel.isVisible():
            self.channel.show_sample(*sample[1:])

    def _note_branch(self, name: str) -> None:
        self._branch = name
        if self.channel is not None and self.channel.isVisible():
            self.edit_channel()

    def _replace_channel(self, name: str, channel: Channel) -> None:
        bench = self._window.bench
        self._window.attempt(lambda: bench.set_rig(with_channel(bench.rig, name, channel), f"channel {channel.title}"))

    def _replace_protocol(self, protocol: Protocol, step: str) -> None:
        self._window.attempt(lambda: self._window.bench.set_protocol(protocol, step))
