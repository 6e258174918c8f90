"""The status line: the membrane now, the rig, the file, the frames a second."""

from PySide6.QtCore import QDateTime, QTimer
from PySide6.QtWidgets import QLabel, QStatusBar

from vclamp.model.rig import Rig
from vclamp.ui.course import Advice
from vclamp.ui.panels.circuit_layout import potential
from vclamp.ui.scopes.stack import ScopeStack
from vclamp.ui.worker import Compiling, Saved
from vclamp.units import celsius

READ_MS = 500


class StatusLine(QStatusBar):
    """Read-outs left, file and frame rate right."""

    def __init__(self, stack: ScopeStack) -> None:
        super().__init__()
        self._stack = stack
        self._lively = stack.lively
        self.now, self.rig, self.file, self.frames = (QLabel() for _ in range(4))
        self.addWidget(self.now)
        self.addWidget(self.rig)
        self.advice = Advice()
        self.addWidget(self.advice)
        self.addPermanentWidget(self.file)
        self.addPermanentWidget(self.frames)
        self.file.setText("the engine is warming up…")
        self._timer = QTimer(self, interval=READ_MS)
        self._timer.timeout.connect(self._read_frames)

    def show_sample(self, v_mV: float, i_pA: float) -> None:
        """The membrane voltage and the current of now."""
        self.now.setText(f"Vm {potential(v_mV)}    I {i_pA:.0f} pA".replace("-", "−"))

    def show_rig(self, rig: Rig) -> None:
        """What the rig is set to."""
        amplifier = rig.amplifier
        if amplifier.clamps_current:
            rs = f"current clamp {amplifier.bias_pA:g} pA".replace("-", "−") if amplifier.bias_pA else "I = 0"
        else:
            rs = "ideal clamp" if amplifier.ideal else f"Rs {amplifier.rs_MOhm:g} MΩ"
        if amplifier.has_electronics and not amplifier.clamps_current:
            rs += f", {amplifier.correction_percent:g} % corrected"
        if amplifier.recorder.on and amplifier.recorder.filter_kHz and not amplifier.clamps_current:
            rs += f", {amplifier.recorder.filter_kHz:g} kHz"
        self.rig.setText(f"    {rs}    Cm {rig.cell.cm_pF:g} pF    T {celsius(rig.solutions.temperature_K):.1f} °C")

    def compiling(self, compiling: Compiling) -> None:
        """How far the engine is compiled."""
        self.file.setText(f"compiling the engine, once on this machine: {compiling.done} of {compiling.total} parts")

    def ready(self) -> None:
        """The engine is loaded."""
        self.file.setText("Space runs the protocol; every sweep is saved")

    def what_if(self, changed: bool) -> None:
        """Whether what is on show was computed after an edit, not recorded."""
        if changed:
            self.frames.setText("○ what if: not recorded, Space records it")
        elif not self._timer.isActive():
            self.frames.setText("")

    def saved(self, saved: Saved) -> None:
        """A sweep is on the disk."""
        clock = QDateTime.currentDateTime().toString("HH:mm:ss")
        self.file.setText(f"● {saved.path.name}   sweep {saved.sweep + 1} saved {clock}")
        self.file.setToolTip(str(saved.path))

    def running(self, running: bool) -> None:
        """Count frames while a run is drawn."""
        if running:
            self._lively = self._stack.lively
            self._timer.start()
        else:
            self._timer.stop()
            self.frames.setText("")

    def _read_frames(self) -> None:
        (paints, seconds), now = self._lively, self._stack.lively
        if now[1] > seconds:
            self.frames.setText(f"{(now[0] - paints) / (now[1] - seconds):.0f} fps")
        self._lively = now
