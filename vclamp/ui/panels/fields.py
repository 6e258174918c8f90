"""Number fields with units, and the slider of a concentration."""

from math import log10

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QAbstractSpinBox, QDoubleSpinBox, QHBoxLayout, QLabel, QSlider, QWidget

SLIDER_STEPS = 300
DECADES = 6.0  # three below and three above the IC50


class QuantityField(QDoubleSpinBox):
    """A number with its unit and range; typed values count when Enter is pressed."""

    edited = Signal(float)

    def __init__(self, unit: str, low: float, high: float, decimals: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setRange(low, high)
        self.setDecimals(decimals)
        self.setSuffix(f" {unit}")
        self.setKeyboardTracking(False)
        self.setStepType(QAbstractSpinBox.StepType.AdaptiveDecimalStepType)
        self.setButtonSymbols(QAbstractSpinBox.ButtonSymbols.NoButtons)
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.valueChanged.connect(self.edited)

    def show_value(self, value: float) -> None:
        """Show a value that was set elsewhere."""
        self.blockSignals(True)
        self.setValue(value)
        self.blockSignals(False)

    def textFromValue(self, value: float) -> str:
        """No idle zeros, and a true minus sign."""
        return f"{value:.{self.decimals()}f}".rstrip("0").rstrip(".").replace("-", "−") or "0"

    def valueFromText(self, text: str) -> float:
        """What `textFromValue` wrote."""
        number = text.removesuffix(self.suffix()).strip().replace("−", "-").replace(",", ".")
        try:
            return float(number)
        except ValueError:
            return self.value()

    def validate(self, text: str, position: int):  # type: ignore[no-untyped-def]
        """Let the true minus sign be typed and read."""
        state, _, _ = super().validate(text.replace("−", "-"), position)
        return state, text, position


class ConcentrationSlider(QWidget):
    """A logarithmic slider around the IC50, with 0 at its left end."""

    moved = Signal(float)  # concentration in mM

    def __init__(self, drug: str, ic50_mM: float, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ic50_mM = ic50_mM
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, SLIDER_STEPS)
        self.slider.setToolTip(f"{drug}: half block at {concentration(ic50_mM)}; double-click washes it off")
        self.slider.setAccessibleName(drug)
        self.slider.valueChanged.connect(self._tell)
        self._value = QLabel(concentration(0.0))
        self._value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._value.setMinimumWidth(self._value.fontMetrics().horizontalAdvance("8888 µM") + 4)
        name = QLabel(drug)
        name.setProperty("role", "dim")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(name)
        layout.addWidget(self.slider, 1)
        layout.addWidget(self._value)

    def show_value(self, value_mM: float) -> None:
        """Show a concentration that was set elsewhere."""
        self.slider.blockSignals(True)
        self.slider.setValue(self._position(value_mM))
        self.slider.blockSignals(False)
        self._value.setText(concentration(value_mM))

    def mouseDoubleClickEvent(self, event: object) -> None:
        """Wash the drug off."""
        self.slider.setValue(0)

    def _position(self, value_mM: float) -> int:
        if value_mM <= 0:
            return 0
        place = (log10(value_mM / self._ic50_mM) / DECADES + 0.5) * (SLIDER_STEPS - 1) + 1
        return min(max(round(place), 1), SLIDER_STEPS)

    def _tell(self, position: int) -> None:
        value_mM = 0.0
        if position:
            exponent = ((position - 1) / (SLIDER_STEPS - 1) - 0.5) * DECADES
            value_mM = float(f"{self._ic50_mM * 10**exponent:.3g}")
        self._value.setText(concentration(value_mM))
        self.moved.emit(value_mM)


def concentration(value_mM: float) -> str:
    """A concentration in the unit that reads best."""
    if value_mM == 0:
        return "0"
    units = (("mM", 1.0), ("µM", 1e3), ("nM", 1e6), ("pM", 1e9))
    unit, factor = next((u for u in units if value_mM * u[1] >= 1.0), units[-1])
    return f"{value_mM * factor:.3g} {unit}"
