"""The status line: the membrane now, the rig, the file, the frames a second."""

from pathlib import Path

from PySide6.QtCore import QDateTime, QSize, Qt, QTimer, QUrl
from PySide6.QtGui import QDesktopServices, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLabel, QProgressBar, QStatusBar, QToolButton, QWidget

from vclamp.model.exam import hidden
from vclamp.model.rig import Rig
from vclamp.ui.banner import Actions
from vclamp.ui.course import Advice
from vclamp.ui.errands import Errands
from vclamp.ui.keeper import Saved, Unsaved
from vclamp.ui.panels.circuit_layout import potential
from vclamp.ui.panels.run_rows import counted
from vclamp.ui.scopes.stack import ScopeStack
from vclamp.ui.worker import Compiling
from vclamp.units import celsius

LEAST_EM = 6
READ_MS = 500
ANNOUNCED_MS = 20_000  # as long as there is something to click


class Line(QLabel):
    """A text that ends in dots where there is no room for all of it, and never widens the window."""

    def minimumSizeHint(self) -> QSize:
        """Room for some letters."""
        hint = super().minimumSizeHint()
        return QSize(min(hint.width(), LEAST_EM * self.fontInfo().pixelSize()), hint.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Write as much as there is room for."""
        room = self.contentsRect()
        if self.fontMetrics().horizontalAdvance(self.text()) <= room.width():
            super().paintEvent(event)
            return
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, room.width())
        role = QPalette.ColorRole.WindowText
        self.style().drawItemText(
            QPainter(self), room, Qt.AlignmentFlag.AlignVCenter, self.palette(), self.isEnabled(), text, role
        )


class Announcement(QWidget):
    """Something that was done or is under way, with what can be done about it, in place of the usual read-outs."""

    def __init__(self, instead_of: tuple[QWidget, ...]) -> None:
        super().__init__()
        self._usual = instead_of
        self.text, self.bar = Line(), QProgressBar(maximum=1000)
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.bar.setFixedWidth(12 * self.fontInfo().pixelSize())
        self.bar.setFormat("%p %")
        self.buttons: list[QToolButton] = []
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(4, 0, 0, 0)
        self._row.addWidget(self.text)
        self._row.addWidget(self.bar)
        self._timer = QTimer(self, interval=ANNOUNCED_MS, singleShot=True)
        self._timer.timeout.connect(self.clear)
        self.hide()

    def say(self, text: str, actions: Actions, done: float | None = None) -> None:
        """Show a text and buttons, and how far it is if it is not over yet."""
        self.text.setText(text)
        self.bar.setVisible(done is not None)
        if done is None:
            self._timer.start()
        else:
            self._timer.stop()
            self.bar.setValue(round(1000 * min(done, 1.0)))
        if [button.text() for button in self.buttons] != list(actions):
            self._put(actions)
        for part in self._usual:
            part.hide()
        self.show()

    def _put(self, actions: Actions) -> None:
        for button in self.buttons:
            button.hide()
            button.deleteLater()
        self.buttons = [QToolButton(text=words) for words in actions]
        for button, act in zip(self.buttons, actions.values(), strict=True):
            button.clicked.connect(lambda _=False, act=act: act())
            self._row.addWidget(button)

    def clear(self) -> None:
        """Make room for the usual."""
        self._timer.stop()
        self.hide()
        self._put({})
        for part in self._usual:
            part.show()

    @property
    def message(self) -> str:
        """What it says, empty if it is hidden."""
        return "" if self.isHidden() else self.text.text()


class StatusLine(QStatusBar):
    """Read-outs left, file and frame rate right."""

    def __init__(self, stack: ScopeStack) -> None:
        super().__init__()
        self._stack = stack
        self._lively = stack.lively
        self.now = QLabel()
        self.rig, self.file, self.frames = (Line() for _ in range(3))
        self.news = Announcement((self.now, self.rig))
        self.addWidget(self.news)
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
            rs = "voltage clamp" if hidden(rig) else rs
        if amplifier.has_electronics and not amplifier.clamps_current:
            rs += f", {amplifier.correction_percent:g} % corrected"
        if amplifier.recorder.on and amplifier.recorder.filter_kHz and not amplifier.clamps_current:
            rs += f", {amplifier.recorder.filter_kHz:g} kHz"
        cm = "" if hidden(rig) else f"    Cm {rig.cell.cm_pF:g} pF"
        self.rig.setText(f"    {rs}{cm}    T {celsius(rig.solutions.temperature_K):.1f} °C")

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

    def unsaved(self, unsaved: Unsaved) -> None:
        """Sweeps wait because the disk refuses them, or do so no longer."""
        if unsaved.why:
            what = counted(unsaved.sweeps, "sweep") if unsaved.sweeps else "how the run ended is"
            self.file.setText(f"▲ {what} not saved")
            self.file.setToolTip(unsaved.why)
        elif self.file.text().startswith("▲"):
            self.file.setText("● everything is saved")

    def announce(self, text: str, actions: Actions | None = None) -> None:
        """Say what came of something."""
        self.news.say(text, actions or {})

    def announce_file(self, text: str, path: Path) -> None:
        """Say that there is a file."""
        self.news.setToolTip(str(path))
        folder = QUrl.fromLocalFile(str(path.parent))
        self.announce(
            text,
            {
                "Show in folder": lambda: QDesktopServices.openUrl(folder) and None,
                "Copy path": lambda: QApplication.clipboard().setText(str(path)),
            },
        )

    def follow(self, errands: Errands) -> None:
        """Show how far slow work is, and let it be given up."""
        now = errands.now
        if now is not None:
            more = f" ({errands.n_waiting} more)" if errands.n_waiting else ""
            words = "cancelling" if now.cancelled else now.title
            self.news.say(f"{words}{more}", {} if now.cancelled else {"Cancel": errands.cancel}, now.done)
        elif not errands.busy and not self.news.bar.isHidden():
            self.news.clear()

    def show_running(self, running: bool) -> None:
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
