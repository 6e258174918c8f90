"""Sliders of amounts: logarithmic, with what they stand for beside them."""

from math import log10

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QSlider, QStyle, QStyleOptionSlider, QWidget

from vclamp.ui.panels.fields import Calm
from vclamp.ui.panels.marks import Caption
from vclamp.ui.panels.naming import concentration

SLIDER_STEPS = 300
_SLIDER = QStyle.ComplexControl.CC_Slider
COUNT_DECADES = 6  # of a number of channels: 1 to 1 000 000
DECADES = 6.0  # three below and three above the IC50
ANY_mM, ANY_DECADES = 1e-3, 8.0  # of a drug whose IC50 is not told: 0.1 nM to 10 mM
_COUNT_TIP = "Number of channels, 1 to 1 000 000; their conductance together stays as it is"


class CalmSlider(Calm, QSlider):
    """A slider on a page that scrolls; what a double-click sets it to is up to its owner."""

    double_clicked = Signal()

    def __init__(self, orientation: Qt.Orientation) -> None:
        super().__init__(orientation)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # after a drag the arrows are the window's

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A press beside the handle brings it there, to be dragged on in the same step."""
        beside = event.button() == Qt.MouseButton.LeftButton and not self._handle().contains(event.position().toPoint())
        if beside:
            option, width = QStyleOptionSlider(), self._handle().width()
            self.initStyleOption(option)
            groove = self.style().subControlRect(_SLIDER, option, QStyle.SubControl.SC_SliderGroove, self)
            along = round(event.position().x() - groove.x() - width / 2)
            self.setSliderDown(True)
            self.setSliderPosition(
                QStyle.sliderValueFromPosition(self.minimum(), self.maximum(), along, groove.width() - width)
            )
        if not beside or self._handle().contains(event.position().toPoint()):
            super().mousePressEvent(event)
        else:  # beyond an end
            self.setSliderDown(False)

    def _handle(self) -> QRect:
        option = QStyleOptionSlider()
        self.initStyleOption(option)
        return self.style().subControlRect(_SLIDER, option, QStyle.SubControl.SC_SliderHandle, self)

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
