"""Start the real program, do something in it, and close it at a given moment.

    python close_at.py PHASE SECONDS ENDING

A child of tests/ui/test_life_cycle.py. It says "saved FILE SWEEP" for every sweep whose saving the
window has shown, "noted FILE RUN TEXT" for a note that was written, and "closing" before it closes. ENDING is
"close" (the window's cross), "signal" (the parent sends one as soon as it reads "closing"), or "stay".
"""

import os
import sys
from collections.abc import Callable
from math import inf
from pathlib import Path

from PySide6.QtCore import QPoint, QTimer
from PySide6.QtWidgets import QFileDialog, QMenu

from vclamp import paths
from vclamp.cli import main
from vclamp.ui import window as product

TTX = "solutions.drugs.TTX.out_mM"
NOTE = "seen while closing"


class Driven(product.Window):
    """The window, with someone at it who does one thing and closes it."""

    def fill(self, *parts: object) -> None:
        super().fill(*parts)
        self.bridge.saved.connect(lambda saved: say("saved", saved.path, saved.sweep))
        self.bridge.ready.connect(lambda: self.later(0, PHASES[phase][0].__get__(self)))
        if phase == "start":
            self.close_soon()

    def later(self, after_ms: float, act: Callable[[], object]) -> None:
        """Not `QTimer.singleShot` with a context: that swallows exceptions."""
        timer = QTimer(self, singleShot=True, interval=round(after_ms))
        timer.timeout.connect(act)
        timer.start()

    def again(self, act: Callable[[], object], every_ms: int) -> None:
        timer = QTimer(self, interval=every_ms)
        timer.timeout.connect(act)
        timer.start()

    def close_soon(self) -> None:
        self.later(1000 * delay_s, self.end)

    def end(self) -> None:
        logbook = self.documents.logbook
        note = logbook.panel.note
        if note.hasFocus() and note.toPlainText() == NOTE and logbook.on_show is not None:
            say("noted", *logbook.on_show, NOTE)
        say("closing")
        if ending == "close":
            self.close()

    # ---- what is going on from the start ----

    def nothing(self) -> None:
        """The engine has just become ready."""

    def run(self) -> None:
        self.run_or_pause()
        self.close_soon()

    def run_fast(self) -> None:
        self.set_speed(inf)
        self.bridge.ended.connect(lambda finished: self.run_or_pause())
        self.run()

    def run_and_pause(self) -> None:
        self.later(400, self.run_or_pause)
        self.run()

    def test_membrane(self) -> None:
        """With its tone, where there is a player."""
        self.tools.test_membrane()
        self.tools.seal.sounds.setChecked(phase == "tone")
        assert self.tools.seal.on
        self.close_soon()

    def edit_protocol(self) -> None:
        self.docks.show("protocol")
        self.again(lambda: self.edit("protocol.hold_mV", self.bench.protocol.hold_mV + 0.1), 20)
        self.close_soon()

    def edit_channel(self) -> None:
        self.tools.edit_channel()
        assert self.tools.channel is not None
        self.again(lambda: self.edit("cell.channels.na.g_nS", self.bench.rig.cell.channels[0].g_nS + 1.0), 20)
        self.close_soon()

    def project(self) -> None:
        self.course.projector.toggle()
        self.again(lambda: self.isVisible() and self.course.projector.toggle(), 700)
        self.run()

    def examine(self) -> None:
        self.load_cell("unknown-cell")
        assert self.bench.rig.cell.exam
        self.run()

    def rescue(self) -> None:
        """What a killed program left is offered and opened."""
        self.again(lambda: [button.click() for button in self.banner.buttons[:1]], 50)
        self.close_soon()

    # ---- and after a family ----

    def after_a_family(self) -> None:
        self.set_speed(inf)
        act = PHASES[phase][1].__get__(self)
        self.bridge.ended.connect(lambda finished: self.later(0, act))
        self.run_or_pause()

    def export(self) -> None:
        QFileDialog.getSaveFileName = lambda *a, **k: (str(paths.user_folder() / "out.nwb"), "")
        self.documents.save("nwb")
        self.close_soon()

    def drag(self) -> None:
        self.again(lambda: self.edit(TTX, 1e-7 + self.bench.rig.solutions.drug_mM("TTX", "out")), 5)
        self.close_soon()

    def fit(self) -> None:
        """One analysis after the other, with its fits, and the cursors on the move."""
        names = list(self.analyst.suiting)

        def next_one() -> None:
            names.append(names.pop(0))
            self.analyst.choose(names[0])
            self.display.stack.move_cursor(0, self.display.cursors_ms[0] + 0.1)

        self.again(next_one, 60)
        self.close_soon()

    def replay(self) -> None:
        self.documents.logbook.replay()
        self.close_soon()

    def note(self) -> None:
        """Written and not left: closing is what takes it."""
        logbook = self.documents.logbook
        logbook.write_note()
        if not logbook.panel.note.isEnabled():  # the run is being listed
            self.later(10, self.note)
            return
        logbook.panel.note.setPlainText(NOTE)
        self.drag()

    def open_foreign(self) -> None:
        """Read what another program can write."""
        from vclamp.publish.exporters import export

        file, recording = paths.user_folder() / "theirs.abf", self.display.recording
        self.bridge.beside(lambda: export([recording], file), lambda _: self.documents.open(file))
        self.close_soon()

    def order(self) -> None:
        """The sheet on which an export is ordered stands open."""
        assert self.documents.export_sheet() is not None
        self.close_soon()

    def look_at_menu(self) -> None:
        self.menuBar().findChildren(QMenu)[0].popup(self.mapToGlobal(QPoint(10, 40)))
        self.close_soon()

    def ask(self) -> None:
        """A question stands open when the signal comes."""
        self.later(0, lambda: self.documents.save("nwb"))
        self.close_soon()


PHASES = {
    "start": (Driven.nothing,),
    "run": (Driven.run,),
    "fast": (Driven.run_fast,),
    "pause": (Driven.run_and_pause,),
    "membrane": (Driven.test_membrane,),
    "tone": (Driven.test_membrane,),
    "protocol": (Driven.edit_protocol,),
    "channel": (Driven.edit_channel,),
    "projector": (Driven.project,),
    "exam": (Driven.examine,),
    "recovery": (Driven.rescue,),
    "export": (Driven.after_a_family, Driven.export),
    "drag": (Driven.after_a_family, Driven.drag),
    "fit": (Driven.after_a_family, Driven.fit),
    "replay": (Driven.after_a_family, Driven.replay),
    "note": (Driven.after_a_family, Driven.note),
    "foreign": (Driven.after_a_family, Driven.open_foreign),
    "sheet": (Driven.after_a_family, Driven.order),
    "menu": (Driven.after_a_family, Driven.look_at_menu),
    "dialog": (Driven.after_a_family, Driven.ask),
}


def say(*words: object) -> None:
    print(*words, sep="\t", flush=True)


def provide_player() -> None:
    """A player of sounds that plays none, found before any other."""
    player = paths.user_folder() / "bin" / "pw-cat"
    player.parent.mkdir(parents=True)
    player.write_text("#!/bin/sh\nexec cat > /dev/null\n")
    player.chmod(0o755)
    os.environ["PATH"] = f"{player.parent}:{os.environ['PATH']}"


if __name__ == "__main__":
    phase, delay_s, ending = sys.argv[1], float(sys.argv[2]), sys.argv[3]
    product.Window = Driven  # type: ignore[misc]
    assert Path(paths.user_folder()).is_absolute()
    if phase == "tone":
        provide_player()
    sys.exit(main([]))
