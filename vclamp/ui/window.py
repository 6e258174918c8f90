"""The main window: a frame that is seen at once, what fills it, and what keys and clicks do."""

from collections.abc import Callable
from secrets import randbits
from typing import TYPE_CHECKING

from PySide6.QtGui import QCloseEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import QLabel, QMainWindow, QTabWidget, QToolBar, QVBoxLayout, QWidget

from vclamp.errors import VClampError
from vclamp.ui.actions import name_menus
from vclamp.ui.docks import Docks
from vclamp.ui.looks import Looks
from vclamp.ui.newest import OneByOne
from vclamp.ui.settings import Settings

if TYPE_CHECKING:  # what fills the frame is not there when it is first seen
    from vclamp.model.protocol import Protocol
    from vclamp.model.record import Finished
    from vclamp.model.rig import Rig
    from vclamp.ui.bench import Bench
    from vclamp.ui.bridge import Bridge
    from vclamp.ui.worker import Preview

CLOSE_S = 3.0
LIST_S = 0.25  # after a run, when its last sweep is drawn
BAR_EM, STATUS_EM = 2.85, 2.6  # their heights, until there is something in them
WARMING_UP = "the engine is warming up…"


class Window(QMainWindow):
    """The rig: scopes in the middle, the membrane on the left, curves on the right."""

    closed_whole = True  # whether every thread has ended in time

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.setWindowTitle("VClamp")
        self.settings = settings
        self.looks = Looks(self)
        self.docks = Docks(self, settings)
        self.menus = name_menus(self)
        _lay_out(self)
        self.docks.fit(self.looks.theme.font_px)
        self.resize(1366, 740)
        self.docks.restore()

    def fill(self, bench: "Bench", bridge: "Bridge", seen: Callable[[], None] = lambda: None) -> None:
        """Put everything into the frame; `seen` is called when the scopes are in it and should be painted."""
        from vclamp.ui import mirrors

        mirrors.put_up()  # before contents imports pyqtgraph
        from vclamp.ui import contents

        self.bench, self.bridge = bench, bridge
        for part in (bench, bridge):
            part.setParent(self)  # what their signals are connected to goes with the window
        contents.add_scopes(self)
        seen()
        contents.add_the_rest(self)
        self._connect()
        self._show_bench()

    @property
    def tabs(self) -> QTabWidget:
        """What is measured and listed."""
        return self.docks.tabs

    def _connect(self) -> None:
        bridge, display, bar = self.bridge, self.display, self.bar
        bar.run_clicked.connect(self.run_or_pause)
        bar.stop_clicked.connect(self.stop)
        bar.cell_picked.connect(self.load_cell)
        bar.protocol_picked.connect(self.load_protocol)
        bar.hold_edited.connect(lambda value: self.edit("protocol.hold_mV", value))
        bar.speed_picked.connect(self.set_speed)
        bridge.started.connect(display.started)
        bridge.grew.connect(display.grew)
        bridge.sweep_done.connect(display.sweep_done)
        bridge.previewed.connect(self._previewed)
        bridge.rested.connect(display.rested)
        bridge.saved.connect(self.status.saved)
        bridge.ended.connect(self._ended)
        bridge.trouble.connect(self.banner.say)
        bridge.compiling.connect(self.status.compiling)
        bridge.ready.connect(self._ready)
        display.progressed.connect(self.bar.show_progress)
        display.circuit.sampled.connect(self.status.show_sample)
        display.circuit.branch_clicked.connect(self.panel.show_card)
        self.panel.edited.connect(self.edit)
        self.drags = OneByOne(lambda: bridge.answering, self.edit)  # what nobody would see is not worked out
        self.panel.dragged.connect(self.drags.ask)
        for end in (bridge.answered, self.panel.settled):
            end.connect(self.drags.pass_on)
        self.panel.edited_together.connect(self.edit_together)
        self.panel.refused.connect(self.banner.say)
        for part in (self.panel, bar):
            part.settled.connect(self.bench.close_step)
        bar.hold.refused.connect(self.banner.say)
        self.bench.rig_changed.connect(self._rig_changed)
        self.bench.protocol_changed.connect(self._protocol_changed)

    # ---- running ---------------------------------------------------------------------------

    def run_or_pause(self) -> None:
        """Start the protocol; while it runs, hold it still or let it go on."""
        if self.bridge.running:
            self.bridge.pause(not self.bridge.paused)
        else:
            self.banner.hide()
            self.bridge.run(self.bench.rig, self.bench.protocol, randbits(62), save=self.rec.isChecked())
            self._show_running(True)
        self.bar.show_running(self.bridge.running, self.bridge.paused)

    def _show_running(self, running: bool) -> None:
        for part in (self.status, self.panel, self.tools):
            part.show_running(running)

    def stop(self) -> None:
        """End the run."""
        if self.bridge.running:
            self.bridge.stop()

    def forget_run(self) -> None:
        """End the run and show nothing more of it; what it has saved stays."""
        was_running = self.bridge.running
        self.bridge.forget()
        if was_running:
            self._show_idle()

    def set_speed(self, speed: float) -> None:
        """Let simulated time pass this much faster than real time."""
        self.bridge.speed = speed
        self.bar.show_speed(speed)

    def change_speed(self, by: int) -> None:
        """Go to a neighbouring speed; 0 is real time."""
        from vclamp.ui.bar import SPEEDS

        now = SPEEDS.index(self.bridge.speed) if by else SPEEDS.index(1.0)
        self.set_speed(SPEEDS[min(max(now + by, 0), len(SPEEDS) - 1)])

    def _previewed(self, preview: "Preview") -> None:
        self.display.previewed(preview)
        recorded = self.display.recording
        self.status.what_if(recorded is not None and preview.header.rig != recorded.header.rig)

    def _ended(self, finished: "Finished") -> None:
        self.display.ended(finished)
        self._show_idle()
        if finished.reason == "failed":
            self.banner.say(f"The run failed: {finished.message}")

    def _show_idle(self) -> None:
        self.bar.show_running(False, False)
        self._show_running(False)
        self.documents.list_runs(after_s=LIST_S)

    def _ready(self) -> None:
        self.status.ready()
        self.display.stack.viewport().update()  # traces are drawn by compiled code
        self.bridge.change(self.bench.rig, self.bench.protocol, preview=False)

    # ---- editing ---------------------------------------------------------------------------

    def edit(self, path: str, value: object) -> None:
        """Change one value; a refused one is explained, and the last good one stays."""
        self.attempt(lambda: self.bench.set_value(path, value))

    def edit_together(self, values: dict[str, object]) -> None:
        """Change some values of the rig in one step."""
        self.attempt(lambda: self.bench.set_values(values))

    def load_cell(self, which: "str | Rig") -> None:
        """Put another cell under the pipette."""
        self.attempt(lambda: self.bench.load_cell(which))
        self.bar.show_rig(self.bench.rig)

    def load_protocol(self, which: "str | Protocol") -> None:
        """Take another protocol, with the scopes and the analysis that it is best seen with."""
        before = self.bench.protocol
        self.attempt(lambda: self.bench.load_protocol(which))
        self.bar.show_protocol(self.bench.protocol)
        if self.bench.protocol != before:
            self.course.open_as_meant()

    def want_scope(self, name: str, wanted: bool) -> None:
        """Show a scope or not; the states of channels are recorded only while they are shown."""
        self.display.stack.want(name, wanted)
        self.settings.remember("scopes", " ".join(sorted(self.display.stack.wanted)))
        if name == "states":
            self.edit("cell.record_states", wanted)
        self.display.fit_scopes()

    def toggle_channel(self, number: int) -> None:
        """Switch the n-th channel on or off; after the last one comes the pump."""
        cell = self.bench.rig.cell
        if number <= len(cell.channels):
            channel = cell.channels[number - 1]
            self.edit(f"cell.channels.{channel.name}.on", not channel.on)
        elif number == len(cell.channels) + 1 and cell.pump is not None:
            self.edit("cell.pump.on", not cell.pump.on)

    def bench_changed(self) -> None:
        """Another cell or protocol is on the bench: start afresh."""
        self.forget_run()
        self.status.what_if(False)
        self.display.clear(self.bench.rig, self.bench.protocol)
        self._show_bench()

    def _show_bench(self) -> None:
        self.bar.show_protocol(self.bench.protocol)
        self._show_rig()

    def _protocol_changed(self) -> None:
        """Start afresh, unless what is on show is of the same protocol by another name."""
        if not self.display.rename(self.bench.protocol):
            self.bench_changed()
        else:
            self._show_bench()

    def _rig_changed(self) -> None:
        before, shown = self.display.stack.family.header, self.display.shown
        now = self.bench.rig
        if shown is not None and shown.foreign:  # whatever is on the bench is compared with it
            self._show_rig()
        elif before is not None and (
            _shape(before.rig) != _shape(now) or (self.bridge.running and _names(before.rig) != _names(now))
        ):
            self.bench_changed()
        else:
            self._show_rig()

    def _show_rig(self) -> None:
        rig = self.bench.rig
        self.bridge.change(rig, self.bench.protocol, preview=self.display.recording is not None)  # meanwhile the rest
        self.panel.show_control(self.bench.control)
        self.panel.show_rig(rig, self.display.theme)
        self.bar.show_rig(rig)
        self.status.show_rig(rig)
        self.tools.show_bench(rig, self.bench.protocol)
        self.display.set_rig(rig)
        self.course.advise()

    def attempt(self, edit: Callable[[], None]) -> None:
        """Edit the bench, or say why not."""
        before = self.bench.rig
        try:
            edit()
            self.banner.hide()
        except VClampError as error:
            self.banner.say(str(error))
            for part in (self.panel, self.bar.hold):
                part.say_refused(str(error))  # beside the value, if it is being edited
        if self.bench.rig is before:  # else all is shown already; a field may show what was refused
            self.panel.show_rig(self.bench.rig, self.display.theme)
        self.bar.hold.show_value(self.bench.protocol.hold_mV)

    # ---- looks and life --------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The middle takes what the sides leave."""
        super().resizeEvent(event)
        self.docks.follow()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Keep what was finished, end the threads, and go."""
        if not self.documents.may_close():
            event.ignore()
            return
        self.docks.remember()
        self.tools.seal.run(False)
        self.hide()
        self.closed_whole = self.bridge.close(CLOSE_S)
        event.accept()


def _lay_out(window: Window) -> None:
    """What is seen before there is anything in it."""
    em, bar, middle = window.looks.theme.font_px, QToolBar("Rig", objectName="bar", movable=False), QWidget()
    window.middle = QVBoxLayout(middle)
    window.middle.setContentsMargins(0, 0, 0, 0)
    window.middle.setSpacing(0)
    middle.setBackgroundRole(QPalette.ColorRole.Base)
    middle.setAutoFillBackground(True)
    window.addToolBar(bar)
    window.setCentralWidget(middle)
    window.statusBar().addPermanentWidget(QLabel(WARMING_UP))
    bar.setFixedHeight(round(BAR_EM * em))
    window.statusBar().setFixedHeight(round(STATUS_EM * em))


def _shape(rig: "Rig") -> object:
    """What must be equal for sweeps of two rigs to be compared: not how much is recorded of each current."""
    less = ("state_", "gate_", "i_gating_", "i_membrane_")
    return rig.cell.name, [name for name in _names(rig) if not name.startswith(less)]


def _names(rig: "Rig") -> tuple[str, ...]:
    """What is recorded of a rig."""
    from vclamp.model.record import trace_names

    return trace_names(rig)
