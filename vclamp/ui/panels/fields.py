"""Number fields with units."""

import re
from math import floor, log10

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QValidator, QWheelEvent
from PySide6.QtWidgets import QAbstractSpinBox, QDoubleSpinBox, QWidget

from vclamp.ui.panels.marks import ClaimsArrows, LeavesUndo, Refusal
from vclamp.ui.panels.naming import number_text

FREE_DECIMALS = 24  # kept of a number that is shown with its leading digits only
USUAL_NUMBER = "88888"
LEADING_DIGITS, SCIENTIFIC_BELOW = 6, 1e-3
_PREFIXES = {"G": 1e9, "M": 1e6, "k": 1e3, "": 1.0, "m": 1e-3, "µ": 1e-6, "u": 1e-6, "n": 1e-9, "p": 1e-12}
# units that may be typed with another prefix
_SCALED = ("mV", "ms", "pA", "nS", "pF", "pL", "mM", "MΩ", "GΩ", "kHz", "kJ/mol")
_NUMBER = re.compile(r"\s*([-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[-+]?[0-9]{1,3})?)\s*(\S*)\s*", re.IGNORECASE)


def quantity(text: str, unit: str) -> float | None:
    """What a typed number means in a unit, as "-0.07 V" is -70 in mV; None if it means nothing."""
    found = _NUMBER.fullmatch(text.replace("−", "-").replace(",", ".").removesuffix(unit if " " in unit else ""))
    if found is None:
        return None
    if unit not in _SCALED:
        return float(found[1]) + 0.0 if found[2] in ("", unit) else None
    typed, base = found[2] or unit, unit[1:]
    prefix = typed.removesuffix(base)
    if not typed.endswith(base) or prefix not in _PREFIXES:
        return None
    return float(found[1]) * (_PREFIXES[prefix] / _PREFIXES[unit[0]]) + 0.0  # no negative zero


class Calm:
    """Part of a widget on a page that scrolls: wheel and arrows turn it only while it has the focus."""

    _claims: ClaimsArrows | None = None

    def focusInEvent(self, event: QFocusEvent) -> None:
        """The arrows are its own."""
        super().focusInEvent(event)  # type: ignore[misc]
        self._claims = self._claims or ClaimsArrows(self)  # type: ignore[arg-type]
        self.installEventFilter(self._claims)  # type: ignore[attr-defined]

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """They are the window's again."""
        super().focusOutEvent(event)  # type: ignore[misc]
        if self._claims is not None:
            self.removeEventFilter(self._claims)  # type: ignore[attr-defined]

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to the page, or turn."""
        if self.hasFocus():  # type: ignore[attr-defined]
            super().wheelEvent(event)  # type: ignore[misc]
        else:
            event.ignore()


class QuantityField(Calm, QDoubleSpinBox):
    """A number with its unit and range; a typed value counts on Enter, or when the field is left.

    Anything may be typed, but only a value in range is taken; else the last good one stays, and a red
    frame and the reason show until it is mended or left. Without a number of decimals it shows the
    leading digits of whatever size the value has. Arrows and the wheel step, with Shift finely.
    """

    edited = Signal(float)
    refused = Signal(str)  # a sentence

    def __init__(
        self, unit: str, low: float, high: float, decimals: int | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._unit = unit
        self._free = decimals is None
        self._steps: tuple[float, float] | None = None
        self._finely = False
        self._refusal: Refusal | None = None
        self._leaves_undo: LeavesUndo | None = None
        self.setDecimals(FREE_DECIMALS if decimals is None else decimals)
        self.setRange(low, high)
        self.setSuffix(f" {unit}" if unit else "")
        self.setKeyboardTracking(False)
        self.setStepType(QAbstractSpinBox.StepType.AdaptiveDecimalStepType)
        self.setButtonSymbols(QAbstractSpinBox.ButtonSymbols.NoButtons)
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.valueChanged.connect(self._tell)
        self.lineEdit().textEdited.connect(self._mend)

    def step_by(self, usual: float, fine: float) -> None:
        """Take steps of these sizes, the fine one with Shift."""
        self._steps = usual, fine

    def take_focus(self) -> None:
        """Be ready to be typed into."""
        self.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.selectAll()

    def sizeHint(self) -> QSize:
        """Room for usual numbers, whatever the ends of the range look like."""
        hint = super().sizeHint()
        if not self._free:
            return hint
        usual = self.fontMetrics().horizontalAdvance(USUAL_NUMBER + self.suffix()) + self.fontInfo().pixelSize()
        return QSize(usual, hint.height())

    def minimumSizeHint(self) -> QSize:
        """The same: a number that is cut off is a wrong number."""
        return self.sizeHint() if self._free else super().minimumSizeHint()

    def show_value(self, value: float) -> None:
        """Show a value that was set elsewhere."""
        if value == self.value() and self.text() == self.textFromValue(value) + self.suffix():
            return  # it stands there: Qt would draw it anew
        self.blockSignals(True)
        self.setValue(value)
        self.blockSignals(False)

    def textFromValue(self, value: float) -> str:
        """No idle zeros, and a true minus sign."""
        if self._free:
            small = 0.0 < abs(value) < SCIENTIFIC_BELOW
            text = f"{value:.3e}" if small else f"{value:.{LEADING_DIGITS}g}"
            head, _, power = text.partition("e")
            head = head.rstrip("0").rstrip(".") if "." in head else head
            return (f"{head}e{int(power)}" if power else head).replace("-", "−")
        text = f"{value:.{self.decimals()}f}"
        return (text.rstrip("0").rstrip(".") if "." in text else text).replace("-", "−")

    def valueFromText(self, text: str) -> float:
        """The typed value, or the last good one; digits that are not shown are not lost."""
        if text.removesuffix(self.suffix()) == self.textFromValue(self.value()):
            return self.value()
        value = self._typed(text)
        return self.value() if value is None else value

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        """Let anything be typed."""
        value = self._typed(text)
        good = value is not None and self._in_range(value)
        return QValidator.State.Acceptable if good else QValidator.State.Intermediate, text, position

    def fixup(self, text: str) -> str:
        """Say why a typed value is not taken."""
        value, kept = self._typed(text), self.textFromValue(self.value()) + self.suffix()
        if value is None:
            of = f" of {self._unit}" if self._unit else ""
            reason = f"“{text.removesuffix(self.suffix())[:40]}” is no number{of}"
        else:
            ends = (self.textFromValue(end) for end in (self.minimum(), self.maximum()))
            reason = f"{number_text(value)}{self.suffix()} is not within {'…'.join(ends)}{self.suffix()}"
        reason = f"{reason}: {kept} stays."
        self.refused.emit(reason)
        self.say_refused(reason)
        return text

    @property
    def refusal(self) -> str:
        """Why the value that was typed last is not taken, as it stands at the field; empty if nothing does."""
        return self._refusal.label.text() if self._refusal is not None and self._refusal.shown else ""

    def say_refused(self, reason: str) -> None:
        """Say at the field why a value was not taken, as long as somebody is at it."""
        if self.hasFocus():
            self._refusal = self._refusal or Refusal(self)
            self._refusal.say(reason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter leaves the field, so that keys are commands again, unless there is something to mend."""
        self._finely = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter:
            self._lift()
        super().keyPressEvent(event)
        if enter and not self.refusal:
            self.clearFocus()
        elif enter:
            self.selectAll()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Step, with Shift finely."""
        self._finely = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        super().wheelEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Ctrl+Z is for the last step until something is typed."""
        super().focusInEvent(event)
        self._leaves_undo = self._leaves_undo or LeavesUndo(self, self.lineEdit().isModified)
        self.installEventFilter(self._leaves_undo)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Nothing is refused any more: the last good value stays."""
        super().focusOutEvent(event)
        if self._leaves_undo is not None:
            self.removeEventFilter(self._leaves_undo)
        self._lift()

    def stepBy(self, steps: int) -> None:
        """A step is a tenth of the leading digit; from 0 it goes to 1, or to what the range allows."""
        fine = self._finely
        if self._steps is not None:
            self._go(steps * self._steps[fine])
        elif self._free and self.value() == 0.0:
            self._go(steps * (0.1 if fine else 1.0))
        elif fine and self.value():
            least = 0.0 if self._free else 10.0 ** -self.decimals()
            self._go(steps * max(10.0 ** (floor(log10(abs(self.value()))) - 2), least))
        else:
            super().stepBy(steps)

    def _go(self, by: float) -> None:
        """Go on by so much, as far as the range allows."""
        value = float(f"{self.value() + by:.12g}")
        self.setValue(min(max(value, self.minimum()), self.maximum()))

    def _tell(self, value: float) -> None:
        self._lift()
        self.edited.emit(value)

    def _mend(self, text: str) -> None:
        """What is typed now would be taken."""
        if self.refusal and self.hasAcceptableInput():
            self._lift()

    def _lift(self) -> None:
        if self._refusal is not None:
            self._refusal.lift()

    def _typed(self, text: str) -> float | None:
        if text and text == self.specialValueText():
            return self.minimum()
        return quantity(text.removesuffix(self.suffix()), self._unit)

    def _in_range(self, value: float) -> bool:
        return self.minimum() <= value <= self.maximum()
