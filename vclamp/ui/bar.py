"""The tool bar: cell, protocol, run, stop, holding, progress, speed."""

from math import inf
from pathlib import Path

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QComboBox, QLabel, QProgressBar, QSizePolicy, QToolBar, QToolButton, QWidget

from vclamp import paths
from vclamp.model.files import title_of
from vclamp.model.protocol import Protocol
from vclamp.model.rig import Rig
from vclamp.ui.panels.fields import QuantityField

SPEEDS = (0.01, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, inf)
LEAST_LETTERS = 18


class Bar(QToolBar):
    """Cell, protocol, run, stop, holding, progress, speed."""

    run_clicked = Signal()
    stop_clicked = Signal()
    cell_picked = Signal(str)
    protocol_picked = Signal(str)
    hold_edited = Signal(float)
    speed_picked = Signal(float)

    def __init__(self) -> None:
        super().__init__("Rig")
        self.setMovable(False)
        self.cell = _picker(paths.CELLS, "The cell under the pipette")
        self.protocol = _picker(paths.PROTOCOLS, "What the amplifier commands")
        self.run = QToolButton(objectName="run")
        self.run.clicked.connect(self.run_clicked)
        self.halt = QToolButton(text="■ Stop")
        self.halt.setToolTip("Stop and go back to holding (Esc)")
        self.halt.clicked.connect(self.stop_clicked)
        self.hold = QuantityField("mV", -250.0, 250.0, 1)
        self.hold.setToolTip("Holding potential")
        self.hold.edited.connect(self.hold_edited)
        self.progress = QProgressBar()
        self.progress.setMaximumWidth(280)
        self.speed = QComboBox()
        self.speed.addItems([_speed_text(speed) for speed in SPEEDS])
        self.speed.setToolTip("Simulated over real time (keys − = /)")
        self.cell.activated.connect(lambda n: self.cell_picked.emit(self.cell.itemData(n)))
        self.protocol.activated.connect(lambda n: self.protocol_picked.emit(self.protocol.itemData(n)))
        self.speed.activated.connect(lambda n: self.speed_picked.emit(SPEEDS[n]))
        for widget in (self.cell, self.protocol, self.run, self.halt, QLabel(" Hold"), self.hold, self.progress):
            self.addWidget(widget)
        gap = QWidget()
        gap.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.addWidget(gap)
        self.addWidget(self.speed)
        self.show_speed(1.0)
        self.show_running(False, False)
        self.show_progress(0, 1)

    def show_running(self, running: bool, paused: bool) -> None:
        """Say what Space does now."""
        word = "▶ Go on" if paused else "❚❚ Pause" if running else "▶ Run"
        self.run.setText(f"{word}  Space")
        self.halt.setEnabled(running)

    def show_progress(self, done: int, total: int) -> None:
        """How many sweeps are finished."""
        self.progress.setRange(0, max(total, 1))
        self.progress.setValue(done)
        self.progress.setFormat(f"sweep {done} / {total}" if done else f"{total} sweeps")

    def show_speed(self, speed: float) -> None:
        """Show the speed that is set."""
        self.speed.setCurrentIndex(SPEEDS.index(speed))

    def show_rig(self, rig: Rig) -> None:
        """Show the cell's name."""
        _select(self.cell, rig.cell.name, rig.cell.title)

    def show_protocol(self, protocol: Protocol) -> None:
        """Show the protocol's name and holding potential."""
        _select(self.protocol, protocol.name, protocol.title)
        self.hold.show_value(protocol.hold_mV)
        if not self.halt.isEnabled():
            self.show_progress(0, protocol.n_sweeps)


class _Picker(QComboBox):
    """A box that may be narrower than its longest entry."""

    def minimumSizeHint(self) -> QSize:
        """Room for some letters of it."""
        hint = super().minimumSizeHint()
        return QSize(min(hint.width(), self.fontMetrics().averageCharWidth() * LEAST_LETTERS), hint.height())


def _picker(folder: Path, tip: str) -> QComboBox:
    box = _Picker()
    box.setToolTip(tip)
    for name, path in paths.shipped(folder).items():
        box.addItem(title_of(path), name)
    return box


def _select(box: QComboBox, name: str, title: str) -> None:
    """Select an entry, adding it if it came from elsewhere."""
    if box.findData(name) < 0:
        box.addItem(title, name)
    box.setCurrentIndex(box.findData(name))


def _speed_text(speed: float) -> str:
    return "as fast as it can" if speed == inf else f"{speed:g}× real time"
