"""The tool bar: cell, protocol, run, stop, holding, progress, speed."""

from math import inf, isnan, nan

from PySide6.QtCore import QSize, Signal, SignalInstance
from PySide6.QtWidgets import (
    QComboBox,
    QProgressBar,
    QSizePolicy,
    QToolBar,
    QToolButton,
    QWidget,
)

from vclamp.model.protocol import Protocol
from vclamp.model.quantities import VOLTAGE_LIMIT_mV
from vclamp.model.rig import Rig
from vclamp.model.summary import paced_ms, time_text
from vclamp.ui.panels.boxes import EntersList, ShortBox
from vclamp.ui.panels.fields import QuantityField
from vclamp.ui.panels.marks import Caption, Dot
from vclamp.ui.panels.naming import range_text, value_text

SPEEDS = (0.001, 0.01, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 60.0, 100.0, 600.0, inf)
HOLD_STEPS_mV = (5.0, 1.0)  # of an arrow key, and with Shift
_HOLD = "Holding potential: before, between and after sweeps (H; arrows ±5 mV, with Shift ±1)"
USUAL_LETTERS = 34
MOST_VISIBLE = 26


class Bar(QToolBar):
    """Cell, protocol, run, stop, holding, progress, speed."""

    run_clicked = Signal()
    stop_clicked = Signal()
    cell_picked = Signal(str)
    protocol_picked = Signal(str)
    hold_edited = Signal(float)
    speed_picked = Signal(float)
    settled = Signal()  # the holding potential was typed, or stepped to

    def __init__(self, cells: dict[str, dict[str, str]], protocols: dict[str, str]) -> None:
        """Titles of cells by their names, under their topics, and those of protocols."""
        super().__init__("Rig", objectName="bar")
        self.setMovable(False)
        self.cell = _picker("cell", cells, "The cell under the pipette")
        self.protocol = _picker("protocol", {"": protocols}, "What the amplifier commands")
        self.run = QToolButton(objectName="run")
        self.run.clicked.connect(self.run_clicked)
        self.halt = QToolButton(text="■ Stop")
        self.halt.setToolTip("Stop and go back to holding (Esc)")
        self.halt.clicked.connect(self.stop_clicked)
        self.hold_name, self.hold = Caption(" Hold", ""), self._hold()
        self._hold_dot, self._preset_mV = Dot(self.hold), nan
        self.hold_name.double_clicked.connect(self._reset_hold)
        self.progress = _Progress()
        self.progress.setMaximumWidth(280)
        self.speed = _Box()
        self.speed.setAccessibleName("speed")
        self.speed.addItems([_speed_text(speed) for speed in SPEEDS])
        self.speed.setToolTip("Simulated over real time (keys − = /)")
        self.cell.activated.connect(lambda n: _tell(self.cell_picked, self.cell.itemData(n)))
        self.protocol.activated.connect(lambda n: _tell(self.protocol_picked, self.protocol.itemData(n)))
        self.speed.activated.connect(lambda n: self.speed_picked.emit(SPEEDS[n]))
        for widget in (self.cell, self.protocol, self.run, self.halt, self.hold_name, self.hold, self.progress):
            self.addWidget(widget)
        gap = QWidget()
        gap.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.addWidget(gap)
        self.addWidget(self.speed)
        self._paced_ms = 0.0  # how long the protocol takes in real time
        self.show_progress(0, 1)
        self.show_preset(None)
        self.show_speed(1.0)
        self.show_running(False, False)

    def _hold(self) -> QuantityField:
        """The holding potential; arrows step by 5 mV, with Shift by 1."""
        field = QuantityField("mV", -VOLTAGE_LIMIT_mV, VOLTAGE_LIMIT_mV, 1)
        field.setAccessibleName("holding potential")
        field.step_by(*HOLD_STEPS_mV)
        field.edited.connect(self.hold_edited)
        field.editingFinished.connect(self.settled)
        return field

    def _reset_hold(self) -> None:
        if not isnan(self._preset_mV):
            self.settled.emit()
            self.hold_edited.emit(self._preset_mV)
            self.settled.emit()

    def show_preset(self, preset: Protocol | None) -> None:
        """Mark the holding potential if it is another than this protocol's, which a double-click brings back."""
        self._preset_mV = nan if preset is None else preset.hold_mV
        changed = preset is not None and preset.hold_mV != self.hold.value()
        self._hold_dot.setVisible(changed)
        was = (
            f"Changed from {value_text('protocol.hold_mV', self._preset_mV)}; double-click its name resets it."
            if changed
            else ""
        )
        self.hold.setAccessibleDescription(was)
        ends = range_text(self.hold.minimum(), self.hold.maximum(), "mV")
        for part in (self.hold, self.hold_name):
            part.setToolTip("\n".join(filter(None, (_HOLD, ends, was))))

    def show_running(self, running: bool, paused: bool) -> None:
        """Say what Space does now."""
        word = "▶ Go on" if paused else "❚❚ Pause" if running else "▶ Run"
        self.run.setText(f"{word}  Space")
        self.halt.setEnabled(running)

    def show_progress(self, done: int, total: int) -> None:
        """How many sweeps are finished; before the first, how long all of them take at the speed that is set."""
        speed, sweeps = SPEEDS[max(self.speed.currentIndex(), 0)], f"{total} sweep{'s' if total > 1 else ''}"
        paced = self._paced_ms > 0.0 and speed < inf
        whole = f"{sweeps}, {time_text(self._paced_ms / speed)}" if paced else sweeps
        self.progress.setRange(0, max(total, 1))
        self.progress.setValue(done)
        self.progress.make_room(f"sweep {total} / {total}", whole)
        self.progress.setFormat(f"sweep {done} / {total}" if done else whole)

    def show_speed(self, speed: float) -> None:
        """Show the speed that is set."""
        self.speed.setCurrentIndex(SPEEDS.index(speed))
        if not self.progress.value():
            self.show_progress(0, self.progress.maximum())

    def show_rig(self, rig: Rig) -> None:
        """Show the cell's name; a membrane whose voltage is free is not held."""
        self.hold.setEnabled(not rig.amplifier.clamps_current)
        _select(self.cell, rig.cell.name, rig.cell.title)

    def show_protocol(self, protocol: Protocol) -> None:
        """Show the protocol's name and holding potential."""
        _select(self.protocol, protocol.name, protocol.title)
        self.hold.show_value(protocol.hold_mV)
        self._paced_ms = paced_ms(protocol)
        if not self.halt.isEnabled():
            self.show_progress(0, protocol.total_sweeps)


class _Progress(QProgressBar):
    """Wide enough for what it may come to say, in the font of any look."""

    _texts: tuple[str, ...] = ("",)

    def make_room(self, *texts: str) -> None:
        """For these."""
        self._texts = texts
        self.updateGeometry()

    def minimumSizeHint(self) -> QSize:
        """Qt's own knows only what it says now."""
        width = max(self.fontMetrics().horizontalAdvance(f" {text} ") for text in self._texts)
        return super().minimumSizeHint().expandedTo(QSize(width, 0))


class _Box(EntersList, QComboBox):
    """A list of few entries."""


class _Picker(ShortBox):
    """A box of long titles, which may be narrower than they are."""

    least_letters = 18

    def sizeHint(self) -> QSize:
        """Room for a usual title; the list itself is as wide as it must be."""
        hint = super().sizeHint()
        return QSize(min(hint.width(), self.fontMetrics().averageCharWidth() * USUAL_LETTERS), hint.height())


def _tell(signal: SignalInstance, name: str | None) -> None:
    """Pass a choice on, unless it was a heading."""
    if name is not None:
        signal.emit(name)


def _picker(name: str, groups: dict[str, dict[str, str]], tip: str) -> QComboBox:
    """A box of names by their titles, under a heading for each group if there are several."""
    box = _Picker()
    box.setToolTip(tip)
    box.setAccessibleName(name)
    box.setMaxVisibleItems(MOST_VISIBLE)
    for heading, named in groups.items():
        if len(groups) > 1:
            box.addItem(heading.upper())
            item = box.model().item(box.count() - 1)
            item.setEnabled(False)
            font = item.font()
            font.setBold(True)
            item.setFont(font)
        for key, title in named.items():
            box.addItem(f"   {title}" if len(groups) > 1 else title, key)
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
