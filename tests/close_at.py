"""Start the real program, do something in it, and close it at a given moment.

    python close_at.py PHASE SECONDS ENDING

A child of tests/ui/test_life_cycle.py. It says "saved FILE SWEEP" for every sweep whose saving the
window has shown, and "closing" before it closes. ENDING is "close" (the window's cross), "signal" (the
parent sends one as soon as it reads "closing"), or "stay".
"""

import sys
from math import inf
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QFileDialog

from vclamp import paths
from vclamp.cli import main
from vclamp.ui import window as product

TTX = "solutions.drugs.TTX.out_mM"


class Driven(product.Window):
    """The window, with someone at it who does one thing and closes it."""

    def show(self) -> None:
        super().show()
        self.bridge.saved.connect(lambda saved: say("saved", saved.path, saved.sweep))
        self.bridge.ready.connect(lambda: QTimer.singleShot(0, self, PHASES[phase][0].__get__(self)))
        if phase == "start":
            self.close_soon()

    def close_soon(self) -> None:
        QTimer.singleShot(round(1000 * delay_s), self, self.end)

    def end(self) -> None:
        say("closing")
        if ending == "close":
            self.close()

    # ---- what is going on ----

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
        QTimer.singleShot(400, self, self.run_or_pause)
        self.run()

    def after_a_family(self) -> None:
        self.set_speed(inf)
        self.bridge.ended.connect(lambda finished: PHASES[phase][1](self))
        self.run_or_pause()

    def export(self) -> None:
        QFileDialog.getSaveFileName = lambda *a, **k: (str(paths.user_folder() / "out.nwb"), "")
        self.documents.save("nwb")
        self.close_soon()

    def drag(self) -> None:
        timer = QTimer(self, interval=5)
        timer.timeout.connect(lambda: self.edit(TTX, 1e-7 + self.bench.rig.solutions.drug_mM("TTX", "out")))
        timer.start()
        self.close_soon()

    def ask(self) -> None:
        """A question stands open when the signal comes."""
        QTimer.singleShot(0, self, lambda: self.documents.save("nwb"))
        self.close_soon()


PHASES = {
    "start": (Driven.nothing,),
    "run": (Driven.run,),
    "fast": (Driven.run_fast,),
    "pause": (Driven.run_and_pause,),
    "export": (Driven.after_a_family, Driven.export),
    "drag": (Driven.after_a_family, Driven.drag),
    "dialog": (Driven.after_a_family, Driven.ask),
}


def say(*words: object) -> None:
    print(*words, sep="\t", flush=True)


if __name__ == "__main__":
    phase, delay_s, ending = sys.argv[1], float(sys.argv[2]), sys.argv[3]
    product.Window = Driven  # type: ignore[misc]
    assert Path(paths.user_folder()).is_absolute()
    sys.exit(main([]))
