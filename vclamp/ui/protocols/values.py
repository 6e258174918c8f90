"""A widget for one value that may be missing, or may change from sweep to sweep."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QWidget

from vclamp.errors import VClampError
from vclamp.model.ladder import Ladder, Varied, value_in
from vclamp.model.protocol_table import stop_of
from vclamp.ui.panels.editing import Choice
from vclamp.ui.panels.fields import QuantityField
from vclamp.ui.panels.parameters import Kind
from vclamp.ui.protocols.varied import ladder, start_text, with_start
from vclamp.ui.protocols.words import sentence

NONE, SAME, STEP, FACTOR, EVEN, LIST = "none", "same", "step", "factor", "even", "list"
MODES = {
    SAME: "the same", STEP: "+ each sweep", FACTOR: "× each sweep", EVEN: "evenly to", LIST: "a list",
}  # fmt: skip
USUAL_STEPS = {"mV": 10.0, "pA": 50.0, "ms": 5.0}
LARGE = 1e7  # of steps and stops, as in a ladder


class VariedField(QWidget):
    """How a value changes, then the numbers that say so; it tells plain data."""

    edited = Signal(object)
    refused = Signal(str)

    def __init__(self, name: str, tip: str, unit: str, kind: Kind, *, none: str = "", varies: bool = True) -> None:
        super().__init__()
        self._unit, self._shown, self._n_sweeps = unit, None, 1
        self.mode: QComboBox = Choice()
        for mode, text in (({NONE: none} if none else {}) | (MODES if varies else {SAME: "own"})).items():
            self.mode.addItem(text, mode)
        self.start = QuantityField(unit, kind.low, kind.high)
        self.by = QuantityField(unit, -LARGE, LARGE)
        self.factor = QuantityField("", 1.0 / LARGE, LARGE)
        self.stop = QuantityField(unit, -LARGE, LARGE)
        self.list = QLineEdit()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(3)
        words = (
            "how it changes",
            "in the first sweep",
            "more in each sweep",
            "times in each sweep",
            "in the last sweep",
        )
        parts = (self.mode, self.start, self.by, self.factor, self.stop, self.list)
        for part, word in zip(parts, (*words, "one for each sweep"), strict=True):
            part.setToolTip(tip if part in (self.mode, self.start) else f"{name}: {word}\n{tip}")
            part.setAccessibleName(f"{name}, {word}")
            part.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            row.addWidget(part, part is self.list)
        row.addStretch()
        self.mode.setVisible(self.mode.count() > 1)
        self.mode.activated.connect(lambda _: self._tell(lambda: self._of_mode(self.mode.currentData())))
        for field in (self.start, self.by, self.factor, self.stop):
            field.edited.connect(lambda _: self._tell(self._of_fields))
            field.refused.connect(self.refused)
        self.list.editingFinished.connect(self._read_list)

    def show_value(self, value: Varied | None, n_sweeps: int) -> None:
        """Show a value."""
        self._shown, self._n_sweeps = value, n_sweeps
        mode = mode_of(value)
        self.mode.setCurrentIndex(self.mode.findData(mode))
        rungs = value if isinstance(value, Ladder) else Ladder(_first(value))
        self.start.show_value(rungs.start)
        self.by.show_value(rungs.step)
        self.factor.show_value(rungs.factor)
        self.stop.show_value(rungs.stop or 0.0)
        if not (self.list.hasFocus() and self.list.isModified()):
            self.list.setText(start_text(value))
            self.list.setCursorPosition(0)
        self.start.setVisible(mode not in (NONE, LIST))
        self.by.setVisible(mode == STEP)
        self.factor.setVisible(mode == FACTOR)
        self.stop.setVisible(mode == EVEN)
        self.list.setVisible(mode == LIST)

    def _of_mode(self, mode: str) -> Any:
        """What another way of changing begins with."""
        start = _first(self._shown)
        last = start if self._shown is None else value_in(self._shown, self._n_sweeps - 1, self._n_sweeps)
        usual = USUAL_STEPS.get(self._unit, 1.0)
        match mode:
            case "none":
                return None
            case "step":
                return ladder(start, usual, 1.0, None)
            case "factor":
                return ladder(start or usual, 0.0, 2.0, None)
            case "even":
                return ladder(start, 0.0, 1.0, last)
            case "list":
                value = start if self._shown is None else self._shown
                return [float(f"{value_in(value, k, self._n_sweeps):.12g}") for k in range(self._n_sweeps)]
        return start

    def _of_fields(self) -> Any:
        """The value as the fields say it; a ladder keeps its number of sweeps."""
        start, by, factor = self.start.value(), self.by.value(), self.factor.value()
        match self.mode.currentData():
            case "step":
                return ladder(start, by, 1.0, self._stop(start, by, 1.0))
            case "factor":
                return ladder(start, 0.0, factor, self._stop(start, 0.0, factor))
            case "even":
                return ladder(start, 0.0, 1.0, self.stop.value())
        return start

    def _stop(self, start: float, step: float, factor: float) -> float | None:
        has_stop = isinstance(self._shown, Ladder) and self._shown.stop is not None
        return stop_of(start, step, factor, self._n_sweeps) if has_stop else None

    def _read_list(self) -> None:
        if self.list.isModified():
            self.list.setModified(False)
            self._tell(lambda: with_start(self.list.text(), None, self._unit, self._n_sweeps))

    def _tell(self, make: Callable[[], Any]) -> None:
        """Tell a value, or why there is none."""
        try:
            value = make()
        except VClampError as error:
            self.refused.emit(f"{sentence(error)} Nothing was changed.")
            self.show_value(self._shown, self._n_sweeps)
            return
        self.edited.emit(value)


def mode_of(value: Varied | None) -> str:
    """How a value changes."""
    if value is None:
        return NONE
    if isinstance(value, tuple):
        return LIST
    if not isinstance(value, Ladder):
        return SAME
    if value.factor != 1.0:
        return FACTOR
    return EVEN if not value.step and value.stop is not None else STEP


def _first(value: Varied | None) -> float:
    """The number to begin with."""
    if isinstance(value, Ladder):
        return value.start
    if isinstance(value, tuple):
        return value[0] if value else 0.0
    return value or 0.0
