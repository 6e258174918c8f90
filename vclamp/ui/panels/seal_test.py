"""The membrane test, again and again while it is on show: the transient, and R_a, R_m, C_m and τ in large figures."""

from math import isfinite

import pyqtgraph as pg
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from vclamp.errors import VClampError
from vclamp.model.rig import Rig
from vclamp.ui.newest import Beside, Newest
from vclamp.ui.panels.fields import QuantityField
from vclamp.ui.panels.naming import range_text
from vclamp.ui.theme import Theme
from vclamp.ui.tone import Tone

EVERY_MS = 150
PLOT_EM = 8
FIRST_STEP_mV, FIRST_WIDTH_ms = 10.0, 10.0
_SHOWN = {
    "rs_MOhm": ("Ra", "MΩ", "Access: pipette and series resistance, from the peak of the transient"),
    "rm_MOhm": ("Rm", "MΩ", "Membrane resistance, from the steady current: ΔV/ΔI − Ra"),
    "cm_pF": ("Cm", "pF", "Capacitance, from the charge of the transient"),
    "tau_ms": ("τ", "ms", "Time constant of charging: Cm · Ra·Rm/(Ra + Rm)"),
    "total_MOhm": ("R", "MΩ", "Everything in series: ΔV/ΔI at the end of the step; a seal test watches it"),
}


class SealTest(QWidget):
    """Asks for one test after the other, of the rig of now, while it is running."""

    running = Signal(bool)

    def __init__(self, beside: Beside, theme: Theme) -> None:
        super().__init__()
        self._newest = Newest(beside)
        self._rig: Rig | None = None
        self._hold_mV = -70.0
        self.tone = Tone(self)
        self._clock = QTimer(self, interval=EVERY_MS)
        self._clock.timeout.connect(self._ask)
        self.plot = pg.PlotWidget(enableMenu=False)
        self.plot.hideButtons()
        self.plot.setMouseEnabled(False, False)
        for part in (self.plot, self.plot.viewport()):
            part.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.plot.setLabel("left", "I (pA)")
        self.plot.setLabel("bottom", "time (ms)")
        self.numbers = {name: QLabel("—") for name in _SHOWN}
        self.note = QLabel(wordWrap=True)
        self.step = QuantityField("mV", -50.0, 50.0, 1)
        self.width_ms = QuantityField("ms", 1.0, 200.0, 1)
        self.sounds = QCheckBox("tone")
        self._lay_out()
        self.set_theme(theme)

    def _lay_out(self) -> None:
        self.note.setProperty("role", "dim")
        for widget, name in (
            (self.step, "height of the test pulse"),
            (self.width_ms, "width of the test pulse"),
            (self.plot, "current of the test pulse"),
        ):
            widget.setAccessibleName(name)
        self.step.show_value(FIRST_STEP_mV)
        self.step.setToolTip(f"Height ΔV of the test pulse: ΔI = ΔV/(Ra + Rm) at its end\n{_ends(self.step)}")
        self.width_ms.show_value(FIRST_WIDTH_ms)
        self.width_ms.setToolTip(f"Its width: several τ = Cm · Ra·Rm/(Ra + Rm) for a good fit\n{_ends(self.width_ms)}")
        self.sounds.setEnabled(self.tone.can_sound)
        self.sounds.setToolTip(
            "Its pitch falls as R rises (K)" if self.tone.can_sound else "This system plays no sound"
        )
        self.sounds.toggled.connect(lambda on: on or self.tone.stop())
        figures = QGridLayout()
        for row, (name, (title, unit, tip)) in enumerate(_SHOWN.items()):
            for column, label in enumerate((QLabel(title), self.numbers[name], QLabel(unit))):
                label.setToolTip(tip)
                figures.addWidget(label, row, column)
        figures.setColumnStretch(1, 1)
        dials = QHBoxLayout()
        for part in (QLabel("pulse"), self.step, self.width_ms, self.sounds):
            dials.addWidget(part)
        dials.addStretch(1)
        body, area = QWidget(), QScrollArea(widgetResizable=True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(body)
        column = QVBoxLayout(body)
        column.addLayout(figures)
        column.addWidget(self.plot, 1)
        column.addLayout(dials)
        column.addWidget(self.note)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(area)

    def set_theme(self, theme: Theme) -> None:
        """Draw in another look."""
        self.plot.setBackground(theme.plot_background)
        self.plot.setMinimumHeight(PLOT_EM * theme.font_px)
        for side in ("left", "bottom"):
            axis = self.plot.getAxis(side)
            axis.setPen(theme.axis)
            axis.setTextPen(theme.axis)
        self._pen = pg.mkPen(theme.accent, width=theme.trace_px)
        for label in self.numbers.values():
            label.setStyleSheet(f"font-size: {round(1.6 * theme.font_px)}px; font-weight: bold;")

    def show_rig(self, rig: Rig, hold_mV: float) -> None:
        """Test this rig from now on, at this holding potential; of another cell nothing is known yet."""
        if self._rig is not None and self._rig.cell.name != rig.cell.name:
            self._newest.forget()
            self.plot.clear()
            for label in (*self.numbers.values(), self.note):
                label.setText("" if label is self.note else "—")
        self._rig, self._hold_mV = rig, hold_mV

    @property
    def on(self) -> bool:
        """Whether it is running."""
        return self._clock.isActive()

    def run(self, on: bool) -> None:
        """Begin or end."""
        if on == self.on:
            return
        if on:
            self._clock.start()
            self._ask()
        else:
            self._clock.stop()
            self._newest.forget()
            self.tone.stop()
        self.running.emit(on)

    def _ask(self) -> None:
        """One test more, unless the last one is still under way."""
        rig, hold_mV, step_mV, width_ms = self._rig, self._hold_mV, self.step.value(), self.width_ms.value()
        if not self.isVisible() or step_mV == 0.0:
            self.run(False)
        if rig is None or self._newest.busy or not self.on:
            return

        def test() -> object:
            from vclamp.run.test_pulse import test_pulse

            return test_pulse(rig, hold_mV, step_mV, width_ms)

        self._newest.wish(test, self._show)

    def _show(self, found: object) -> None:
        if isinstance(found, VClampError):
            self.run(False)
            self.note.setText(str(found))
            return
        numbers = found.numbers  # type: ignore[attr-defined]
        unseen = self._rig is not None and self._rig.amplifier.ideal  # its transient takes no time
        for name, label in self.numbers.items():
            value = float("nan") if unseen and name != "total_MOhm" else numbers.get(name, float("nan"))
            label.setText(f"{value:.4g}".replace("-", "−") if isfinite(value) else "—")
        self.note.setText(found.note)  # type: ignore[attr-defined]
        self.plot.plot(found.t_ms, found.i_pA, pen=self._pen, clear=True)  # type: ignore[attr-defined]
        total = numbers.get("total_MOhm", numbers.get("rs_MOhm", 0.0) + numbers.get("rm_MOhm", 0.0))
        if self.sounds.isChecked() and total > 0.0:
            self.tone.sound(total, EVERY_MS / 1000.0)


def _ends(field: QuantityField) -> str:
    """The range of a field, for its tooltip."""
    return range_text(field.minimum(), field.maximum(), field.suffix().strip())
