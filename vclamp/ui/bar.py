"""The tool bar: cell, protocol, run, stop, holding, progress, speed."""

from math import inf

from PySide6.QtCore import QSize, Qt, Signal, SignalInstance
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import (
    QComboBox,
    QLabel,
    QProgressBar,
    QSizePolicy,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QToolBar,
    QToolButton,
    QWidget,
)

from vclamp import paths
from vclamp.model.files import titles
from vclamp.model.protocol import Protocol
from vclamp.model.rig import Rig
from vclamp.ui.catalogue import cells_by_topic
from vclamp.ui.panels.fields import QuantityField

SPEEDS = (0.01, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 60.0, 600.0, inf)
LEAST_LETTERS, USUAL_LETTERS = 18, 34
MOST_VISIBLE = 26


class Bar(QToolBar):
    """Cell, protocol, run, stop, holding, progress, speed."""

    run_clicked = Signal()
    stop_clicked = Signal()
    cell_picked = Signal(str)
    protocol_picked = Signal(str)
    hold_edited = Signal(float)
    speed_picked = Signal(float)

    def __init__(self) -> None:
        super().__init__("Rig", objectName="bar")
        self.setMovable(False)
        self.cell = _picker(cells_by_topic(), "The cell under the pipette")
        protocols = titles(paths.PROTOCOLS)
        self.protocol = _picker({"": protocols}, "What the amplifier commands")
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
        self.cell.activated.connect(lambda n: _tell(self.cell_picked, self.cell.itemData(n)))
        self.protocol.activated.connect(lambda n: _tell(self.protocol_picked, self.protocol.itemData(n)))
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
        self.progress.setMinimumWidth(self.progress.fontMetrics().horizontalAdvance(f" sweep {total} / {total} "))
        self.progress.setFormat(f"sweep {done} / {total}" if done else f"{total} sweep{'s' if total > 1 else ''}")

    def show_speed(self, speed: float) -> None:
        """Show the speed that is set."""
        self.speed.setCurrentIndex(SPEEDS.index(speed))

    def show_rig(self, rig: Rig) -> None:
        """Show the cell's name; a membrane whose voltage is free is not held."""
        self.hold.setEnabled(not rig.amplifier.clamps_current)
        _select(self.cell, rig.cell.name, rig.cell.title)

    def show_protocol(self, protocol: Protocol) -> None:
        """Show the protocol's name and holding potential."""
        _select(self.protocol, protocol.name, protocol.title)
        self.hold.show_value(protocol.hold_mV)
        if not self.halt.isEnabled():
            self.show_progress(0, protocol.total_sweeps)


class _Picker(QComboBox):
    """A box that may be narrower than its longest entry."""

    def minimumSizeHint(self) -> QSize:
        """Room for some letters of it."""
        hint = super().minimumSizeHint()
        return QSize(min(hint.width(), self.fontMetrics().averageCharWidth() * LEAST_LETTERS), hint.height())

    def sizeHint(self) -> QSize:
        """Room for a usual title; the list itself is as wide as it must be."""
        hint = super().sizeHint()
        return QSize(min(hint.width(), self.fontMetrics().averageCharWidth() * USUAL_LETTERS), hint.height())

    def showPopup(self) -> None:
        """Show whole titles, and mark the chosen one."""
        view = self.view()
        view.setMinimumWidth(view.sizeHintForColumn(0) + 2 * self.fontInfo().pixelSize())
        super().showPopup()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The title without what sets it off from the heading in the list."""
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        room = self.width() - 3 * self.fontInfo().pixelSize()
        option.currentText = self.fontMetrics().elidedText(
            option.currentText.strip(), Qt.TextElideMode.ElideRight, room
        )
        painter = QStylePainter(self)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)


def _tell(signal: SignalInstance, name: str | None) -> None:
    """Pass a choice on, unless it was a heading."""
    if name is not None:
        signal.emit(name)


def _picker(groups: dict[str, dict[str, str]], tip: str) -> QComboBox:
    """A box of names by their titles, under a heading for each group if there are several."""
    box = _Picker()
    box.setToolTip(tip)
    box.setMaxVisibleItems(MOST_VISIBLE)
    for heading, named in groups.items():
        if len(groups) > 1:
            box.addItem(heading.upper())
            item = box.model().item(box.count() - 1)
            item.setEnabled(False)
            font = item.font()
            font.setBold(True)
            item.setFont(font)
        for name, title in named.items():
            box.addItem(f"   {title}" if len(groups) > 1 else title, name)
    return box


def _select(box: QComboBox, name: str, title: str) -> None:
    """Select an entry, adding it if it came from elsewhere."""
    if box.findData(name) < 0:
        box.addItem(title, name)
    box.setCurrentIndex(box.findData(name))


def _speed_text(speed: float) -> str:
    if speed == inf:
        return "as fast as it can"
    names = {60.0: "1 min a second", 600.0: "10 min a second"}
    return names.get(speed, f"{speed:g}× real time")
