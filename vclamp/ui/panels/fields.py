"""Number fields with units, and the slider of a concentration."""

import re
from math import floor, log10

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QValidator, QWheelEvent
from PySide6.QtWidgets import QAbstractSpinBox, QDoubleSpinBox, QGridLayout, QHBoxLayout, QLabel, QSlider, QWidget

from vclamp.ui.panels.marks import Caption, ClaimsArrows, LeavesUndo, Refusal
from vclamp.ui.panels.naming import concentration, number_text

SLIDER_STEPS = 300
COUNT_DECADES = 6  # of a number of channels: 1 to 1 000 000
DECADES = 6.0  # three below and three above the IC50
ANY_mM, ANY_DECADES = 1e-3, 8.0  # of a drug whose IC50 is not told: 0.1 nM to 10 mM
FREE_DECIMALS = 24  # kept of a number that is shown with its leading digits only
USUAL_NUMBER = "88888"
LEADING_DIGITS, SCIENTIFIC_BELOW = 6, 1e-3
_COUNT_TIP = "Number of channels, 1 to 1 000 000; their conductance together stays as it is"
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


class CalmSlider(Calm, QSlider):
    """A slider on a page that scrolls; what a double-click sets it to is up to its owner."""

    double_clicked = Signal()

    def __init__(self, orientation: Qt.Orientation) -> None:
        super().__init__(orientation)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # after a drag the arrows are the window's

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Say so."""
        self.double_clicked.emit()


class ConcentrationSlider(QWidget):
    """A logarithmic slider around the IC50, with 0 at its left end."""

    moved = Signal(float)  # concentration in mM

    def __init__(self, drug: str, ic50_mM: float, parent: QWidget | None = None, *, known: bool = True) -> None:
        super().__init__(parent)
        self._middle_mM, self._decades = (ic50_mM, DECADES) if known else (ANY_mM, ANY_DECADES)
        self.slider = CalmSlider(Qt.Orientation.Horizontal)
        self.slider.double_clicked.connect(lambda: self.slider.setValue(0))
        self.slider.setRange(0, SLIDER_STEPS)
        half = f"half block at {concentration(ic50_mM)}; " if known else ""
        least, most = (self._middle_mM * 10.0 ** (side * self._decades / 2.0) for side in (-1, 1))
        ends = f"0, {concentration(least)}…{concentration(most)}"
        self.slider.setToolTip(f"{drug}: {half}double-click washes it off\n{ends}")
        self.slider.valueChanged.connect(self._tell)
        self.value = QLabel(concentration(0.0))
        self.value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.value.setMinimumWidth(self.value.fontMetrics().horizontalAdvance("8888 µM") + 4)
        self.name = Caption(drug)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.name)
        layout.addWidget(self.slider, 1)
        layout.addWidget(self.value)

    def show_value(self, value_mM: float) -> None:
        """Show a concentration that was set elsewhere."""
        self.slider.blockSignals(True)
        self.slider.setValue(self._position(value_mM))
        self.slider.blockSignals(False)
        self.value.setText(concentration(value_mM))

    def _position(self, value_mM: float) -> int:
        if value_mM <= 0:
            return 0
        place = (log10(value_mM / self._middle_mM) / self._decades + 0.5) * (SLIDER_STEPS - 1) + 1
        return min(max(round(place), 1), SLIDER_STEPS)

    def _tell(self, position: int) -> None:
        value_mM = 0.0
        if position:
            exponent = ((position - 1) / (SLIDER_STEPS - 1) - 0.5) * self._decades
            value_mM = float(f"{self._middle_mM * 10**exponent:.3g}")
        self.value.setText(concentration(value_mM))
        self.moved.emit(value_mM)


class CountSlider(QWidget):
    """A logarithmic slider of a number of channels; its right end, if it has one, is "deterministic": no number."""

    moved = Signal(object)  # an int, or None

    def __init__(self, *, deterministic: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._deterministic = deterministic
        self._g_nS: float | None = None
        self.slider = CalmSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, SLIDER_STEPS + deterministic)
        self.slider.setToolTip(_COUNT_TIP + ("\nFarthest right: deterministic" if deterministic else ""))
        self.slider.valueChanged.connect(self._tell)
        self.number, self.each = QLabel(), QLabel()
        self.number.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.number.setMinimumWidth(self.number.fontMetrics().horizontalAdvance("1 000 000") + 4)
        self.each.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.each.setToolTip("Conductance of one channel: g/n, with g as it is")
        self.word = Caption("n")
        self.each.setProperty("role", "dim")
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setVerticalSpacing(0)
        for column, widget in enumerate((self.word, self.slider, self.number)):
            layout.addWidget(widget, 0, column)
        layout.addWidget(self.each, 1, 0, 1, 3)

    def show_value(self, number: int | None, g_nS: float | None) -> None:
        """Show a number that was set elsewhere, and the conductance of all these channels, if it is known."""
        self._g_nS = g_nS
        self.slider.blockSignals(True)
        self.slider.setValue(self._position(number))
        self.slider.blockSignals(False)
        self._write(number)

    def allow_switching(self, allowed: bool) -> None:
        """Whether it may be dragged to its deterministic end, or away from it."""
        counted = self.slider.value() <= SLIDER_STEPS
        self.slider.setEnabled(allowed or counted)
        self.slider.setMaximum(SLIDER_STEPS + (self._deterministic and (allowed or not counted)))

    def _position(self, number: int | None) -> int:
        if not number:
            return SLIDER_STEPS + self._deterministic
        return min(round(log10(number) / COUNT_DECADES * SLIDER_STEPS), SLIDER_STEPS)

    def _tell(self, position: int) -> None:
        number = float(f"{10 ** (position / SLIDER_STEPS * COUNT_DECADES):.2g}")
        found = round(number) if position <= SLIDER_STEPS else None
        self._write(found)
        self.moved.emit(found)

    def _write(self, number: int | None) -> None:
        self.number.setText(f"{number:,}".replace(",", " ") if number else "∞")
        self.each.setText(single_conductance(self._g_nS, number) if number else "deterministic")
        self.each.setVisible(bool(self.each.text()))


def single_conductance(g_nS: float | None, number: int) -> str:
    """The conductance of one of some channels; empty where it is not known."""
    if not g_nS:
        return ""
    g_pS = 1000.0 * g_nS / number
    value, unit = (g_pS, "pS") if g_pS < 1000.0 else (g_pS / 1000.0, "nS")
    return f"γ {value:.3g} {unit}"
